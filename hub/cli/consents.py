"""`hub consent sign|withdraw`: that a patient signed a form, or took it back."""

from typing import Annotated

import typer

from hub.cli.answers import AsJson, refused, tell

app = typer.Typer(no_args_is_help=True, help="That patients signed forms, and took them back.")
Patient = Annotated[str, typer.Argument(help="The patient's id in the hub.")]
Form = Annotated[str, typer.Argument(help="A form of the practice file.")]


@app.command()
def sign(
    *,
    patient: Patient,
    form: Form,
    version: Annotated[str | None, typer.Option(help="Default: what the visits to come need.")] = None,
    document: Annotated[str | None, typer.Option(help="The reference of the document where it is kept.")] = None,
    as_json: AsJson = False,
) -> None:
    """Note that a patient signed a form now."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.sign(patient, form, actor="desk", version=version, document=document)
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        until = done.valid_until.isoformat() if done.valid_until else None
        answer = {"id": done.id, "consent": form, "version": done.version, "until": until}
        holds = f"until {until}" if until else "until it is withdrawn"
        tell(answer, [f"signed {done.id} {form} version {done.version} {holds}"], as_json=as_json)


@app.command()
def withdraw(*, patient: Patient, form: Form, as_json: AsJson = False) -> None:
    """Note that a patient took a consent back: what needs it lists it as missing again."""
    from hub.bootstrap import open_hub
    from hub.scheduling.decision import Refusal
    from hub.settings import read_settings

    with open_hub(read_settings()) as hub:
        done = hub.desk.withdraw(patient, form, actor="desk")
        if isinstance(done, Refusal):
            raise refused(done, as_json=as_json)
        answer = {"withdrawn": [one.id for one in done]}
        tell(answer, [f"withdrawn {one.id} {form} version {one.version}" for one in done], as_json=as_json)
