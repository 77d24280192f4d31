"""An address in what software puts around it, and other people's addresses that look like it."""

from __future__ import annotations

from typing import Final

ANNA: Final = "anna@e.org"

#: What a mail may have in the place of an address, taken for one as a whole or in part.
SURROUNDED: Final = (
    *("'anna@e.org", "`anna@e.org'", "to=anna@e.org", "*Anna@E.org", "/anna@e.org", "/to=anna@e.org", "|anna@e.org"),
    *("#anna@e.org", "x&anna@e.org", "anna@e.org_", "anna@e.org-", "anna@e.org_x", '"anna"@e.org', '"Anna"@E.ORG'),
    *("anna=e.org@lists.example", "bounces+anna=e.org@lists.example", "list-owner-Anna=e.org@lists.example"),
    *("SRS0=HH=TT=e.org=anna@fwd.example", "x=e.org=anna@fwd.example", "prvs=1234abcdef=anna@e.org"),
    "'bounces+anna=e.org@lists.example",
)

#: Others, who stay.
OTHERS: Final = (
    *(
        "joanna@e.org",
        "jo.anna@e.org",
        "jo_anna@e.org",
        "jo+anna@e.org",
        "jo-anna@e.org",
        "o'anna@e.org",
        "hanna@e.org",
    ),
    *("anna@e.org.uk", "anna@e.organ", "anna@my-e.org", "anna@e.org-x.de", "bounces+joanna=e.org@lists.example"),
    *("SRS0=HH=TT=ae.org=anna@fwd.example", "x=e.org=joanna@fwd.example", "ännanna@e.org"),
)
