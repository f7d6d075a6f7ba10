"""``POST /api/v1/policy/try``: whole folders come in, counts go out."""

from tests.api.desk import Desk


def _files(desk: Desk) -> dict[str, str]:
    folder = desk.folder / "org"
    return {
        one.relative_to(folder).as_posix(): one.read_text("utf-8")
        for one in folder.rglob("*")
        if one.suffix in {".yaml", ".md"}
    }


async def test_a_folder_is_tried_and_nothing_is_changed(dev_desk: Desk) -> None:
    before = len(dev_desk.published)
    body = {"files": _files(dev_desk), "days": 7}
    answer = await dev_desk.ask("POST", "/api/v1/policy/try", body=body, local=True)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["replayed"], answer.json()["is_complete"]) == (0, True)
    assert len(dev_desk.published) == before


async def test_a_path_that_leaves_the_folder_is_refused(dev_desk: Desk) -> None:
    for path in ("../alos.yaml", "/etc/alos.yaml", "a/../../b.yaml"):
        body = {"files": {path: "x"}}
        answer = await dev_desk.ask("POST", "/api/v1/policy/try", body=body, local=True)
        assert answer.status_code == 409, answer.text


async def test_files_with_a_mistake_are_refused_with_its_place(dev_desk: Desk) -> None:
    files = _files(dev_desk)
    files["alos.yaml"] += "\nnonsense: 1\n"
    answer = await dev_desk.ask("POST", "/api/v1/policy/try", body={"files": files}, local=True)
    assert answer.status_code == 409
    assert "alos.yaml, line" in answer.text


async def test_a_production_folders_socket_may_not(desk: Desk) -> None:
    body = {"files": _files(desk)}
    answer = await desk.ask("POST", "/api/v1/policy/try", body=body, local=True)
    assert answer.status_code == 403
