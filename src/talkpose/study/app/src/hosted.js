// A JATOS server hosts the study: it hands out packets and takes the answers. Elsewhere nothing is sent.
const HANDED_OUT = "talkpose_handed_out";

export const hosted = () => typeof window.jatos !== "undefined";

function addScript(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`can't load ${src}`));
    document.head.append(script);
  });
}

// Packet of this run: what the session holds, the link names, or the next one that nobody had.
export async function hostedPacket() {
  const { jatos } = window;
  await new Promise((resolve) => jatos.onLoad(resolve));
  const designs = window.talkposePackets;
  const every = Object.values(designs).flat();
  const session = jatos.studySessionData || {};
  const asked = jatos.urlQueryParameters?.packet;
  let packet = session.talkpose_packet || (every.includes(asked) ? asked : null);
  if (!packet) {
    const named = jatos.urlQueryParameters?.design || jatos.batchJsonInput?.design;
    packet = await next(designs[named] ? { [named]: designs[named] } : designs);
  }
  jatos.studySessionData = { ...session, talkpose_packet: packet };
  await jatos.setStudySessionData?.(jatos.studySessionData);
  await addScript(`data/plans/${packet}.js`);
}

// The batch session is shared by all runs and refuses a write that another one overtook: then try again.
async function next(designs) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const taken = window.jatos.batchSession.get(HANDED_OUT) || {};
    const share = (ids) => ids.reduce((sum, id) => sum + (taken[id] || 0), 0) / ids.length;
    const ids = Object.values(designs).sort((a, b) => share(a) - share(b))[0];
    const packet = [...ids].sort((a, b) => (taken[a] || 0) - (taken[b] || 0))[0];
    try {
      await window.jatos.batchSession.set(HANDED_OUT, { ...taken, [packet]: (taken[packet] || 0) + 1 });
      return packet;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200 + 300 * Math.random()));
    }
  }
  throw new Error("the server hands out no packet; reload the page");
}

export const submit = (sitting) => window.jatos.submitResultData(JSON.stringify(sitting.document()));

export async function submitAndEnd(sitting) {
  await submit(sitting);
  await window.jatos.endStudy(true);
}
