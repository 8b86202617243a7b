// Video elements by name: those of the next screen load while this one is answered.
const pool = new Map();

function make(name) {
  const video = document.createElement("video");
  video.preload = "auto";
  video.playsInline = true;
  video.disablePictureInPicture = true;
  video.disableRemotePlayback = true;
  video.src = `videos/${name}.mp4`;
  video.load();
  return video;
}

export const namesOf = (trial) => (trial ? [...(trial.reference ? [trial.reference] : []), ...trial.shown] : []);

export function preload(...trials) {
  const wanted = new Set(trials.flatMap(namesOf));
  for (const [name, video] of pool) {
    if (wanted.has(name)) continue;
    video.pause();
    video.removeAttribute("src");
    video.load(); // frees the decoder
    pool.delete(name);
  }
  for (const name of wanted) if (!pool.has(name)) pool.set(name, make(name));
}

export function take(name) {
  if (!pool.has(name)) pool.set(name, make(name));
  const video = pool.get(name);
  if (video.error) video.load();
  if (video.readyState > 0) video.currentTime = 0;
  return video;
}
