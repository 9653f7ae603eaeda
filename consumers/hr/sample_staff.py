"""SAMPLE DATA: invented investigators, for demonstrations. Set HR_STAFF to a file of your own."""

from __future__ import annotations

from typing import Final

SAMPLE_STAFF: Final[dict[str, list[dict[str, str]]]] = {
    "north": [
        {"id": "inv-01", "name": "Noor Haddad", "email": "noor.haddad@example.org"},
        {"id": "inv-02", "name": "Pavel Drozd", "email": "pavel.drozd@example.org"},
        {"id": "inv-03", "name": "Imani Cole", "email": "imani.cole@example.org"},
    ],
    "south": [
        {"id": "inv-04", "name": "Rosa Quintana", "email": "rosa.quintana@example.org"},
        {"id": "inv-05", "name": "Teo Lindqvist", "email": "teo.lindqvist@example.org"},
    ],
    "east": [
        {"id": "inv-06", "name": "Aiko Moreau", "email": "aiko.moreau@example.org"},
        {"id": "inv-07", "name": "Samir Patel", "email": "samir.patel@example.org"},
    ],
    "west": [
        {"id": "inv-08", "name": "Greta Olsen", "email": "greta.olsen@example.org"},
    ],
}
"""Region -> who works there."""
