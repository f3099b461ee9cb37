"""Which operator a number probably has: by its prefix, for estimates of cost and for figures.

A hint and no more: the lists that are published differ in places, and a foreign number has none. Nothing
that a person is told, and nothing that decides whether a text goes, may rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping

OTHER = "other"
_PREFIXES: Mapping[str, str] = {
    "Telkomsel": "811 812 813 821 822 823 851 852 853",
    "Indosat": "814 815 816 855 856 857 858",
    "XL": "817 818 819 859 877 878",
    "Axis": "831 832 833 838",
    "Tri": "895 896 897 898 899",
    "Smartfren": "881 882 883 884 885 886 887 888 889",
}
_BY_PREFIX = {f"+62{prefix}": name for name, prefixes in _PREFIXES.items() for prefix in prefixes.split()}
_LENGTH = len("+62811")


def hint(number: str) -> str:
    """The operator that an E.164 number probably has, or OTHER."""
    return _BY_PREFIX.get(number[:_LENGTH], OTHER)
