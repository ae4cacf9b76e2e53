"""The file that a pack hands back: JSON under the seal of the key made where it was opened."""

from pydantic import ValidationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.offline import SealedReceipt, SealedReturn
from cyberposture.store.seals import is_sealed

MAX_BYTES = 25_000_000


def write_return(sealed: SealedReturn) -> bytes:
    """Return the bytes of the file."""
    return sealed.model_dump_json(indent=1).encode()


def read_return(name: str, data: bytes, what: str) -> SealedReturn:
    """Return what a pack handed back after its seal (under `what`) was found to hold.

    Raises:
        InvalidInput: it is no return, it is cut, or it was changed after it was sealed.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    try:
        sealed = SealedReturn.model_validate_json(data)
    except ValidationError as error:
        raise InvalidInput(
            Fault(name, "no return of a pack, or only a part of one"),
            advice="make it again on the machine where the pack was opened",
        ) from error
    if not is_sealed(sealed.seal, what, sealed.document.model_dump(mode="json")):
        raise InvalidInput(Fault(name, "its seal does not hold: it was changed on the way"))
    return sealed


def read_receipt(name: str, data: bytes, what: str) -> SealedReceipt:
    """Return a receipt after its seal (under `what`) was found to hold.

    Raises:
        InvalidInput: it is no receipt, it is cut, or it was changed after it was sealed.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    try:
        sealed = SealedReceipt.model_validate_json(data)
    except ValidationError as error:
        raise InvalidInput(Fault(name, "no receipt, or only a part of one")) from error
    if not is_sealed(sealed.seal, what, sealed.receipt.model_dump(mode="json")):
        raise InvalidInput(Fault(name, "its seal does not hold: it was changed on the way"))
    return sealed
