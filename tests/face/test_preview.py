import cv2
import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face.model import load_face_model
from talkpose.face.preview import EXPRESSIONS, GREY, POSES, contact_sheet, expression_of, write_preview

SIZE = 64


@pytest.fixture(scope="module")
def sheet():
    cells = contact_sheet(load_face_model("cc0"), people=3, size=SIZE, seed=4)
    return cells.reshape(3, SIZE, len(POSES), SIZE, 3).swapaxes(1, 2)


def test_every_cell_holds_a_head(sheet):
    head = (np.abs(sheet.astype(int) - round(GREY * 255)).max(-1) > 3).mean((2, 3))
    assert sheet.shape == (3, len(POSES), SIZE, SIZE, 3)
    assert ((head > 0.15) & (head < 0.9)).all()


def test_people_and_columns_differ(sheet):
    flat = sheet.reshape(3, len(POSES), -1).astype(float)
    between_people = np.abs(flat[:, None, 0] - flat[None, :, 0]).mean(-1)
    assert between_people[np.triu_indices(3, 1)].min() > 4
    between_columns = np.abs(flat[0, :, None] - flat[0, None]).mean(-1)
    assert between_columns[np.triu_indices(len(POSES), 1)].min() > 4


def test_equal_seeds_give_equal_sheets_and_others_others():
    model = load_face_model("cc0")
    one, again = (contact_sheet(model, people=2, size=32, seed=1) for _ in range(2))
    assert (one == again).all()
    assert (one != contact_sheet(model, people=2, size=32, seed=2)).any()


def test_the_png_holds_the_sheet(tmp_path):
    out = tmp_path / "new" / "sheet.png"
    write_preview("cc0", out, people=1, size=32)
    picture = cv2.imread(str(out))[..., ::-1]
    np.testing.assert_array_equal(picture, contact_sheet(load_face_model("cc0"), people=1, size=32))


def test_an_unknown_unit_or_an_uneven_sheet_is_refused():
    model = load_face_model("cc0")
    with pytest.raises(UserError, match="no unit jawWide"):
        expression_of(model, {"jawWide": 1})
    with pytest.raises(UserError, match="as many expressions as poses"):
        contact_sheet(model, expressions=[np.zeros(64)])
    assert {name for weights in EXPRESSIONS.values() for name in weights} <= set(model.units)
