"""Sealed values: unreadable, unchangeable, and openable through a rotation of keys."""

from __future__ import annotations

import base64

import pytest

from sms_service.store.vault import Vault

OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
NUMBER = "+6281200000001"


def test_what_is_sealed_opens_and_never_looks_the_same() -> None:
    vault = Vault([OLD], "secret")
    sealed = vault.seal(NUMBER)
    assert vault.open(sealed) == NUMBER
    assert vault.seal(NUMBER) != sealed
    assert NUMBER.encode() not in sealed


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = Vault([OLD], "secret").seal(NUMBER)
    rotated = Vault([NEW, OLD], "secret")
    assert rotated.open(sealed) == NUMBER
    assert not rotated.is_current(sealed)
    assert rotated.is_current(rotated.seal(NUMBER))


def test_a_value_of_a_lost_key_or_a_changed_one_is_refused() -> None:
    sealed = Vault([OLD], "secret").seal(NUMBER)
    with pytest.raises(ValueError, match="no longer holds"):
        Vault([NEW], "secret").open(sealed)
    with pytest.raises(ValueError, match="changed"):
        Vault([OLD], "secret").open(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_what_was_erased_opens_to_nothing_in_lists_and_never_to_a_number() -> None:
    vault = Vault([OLD], "secret")
    assert (vault.text(b""), vault.text(None), vault.text(vault.seal("a"))) == ("", "", "a")
    with pytest.raises(ValueError, match="erased"):
        vault.open(b"")


def test_sealing_anew_moves_a_value_under_the_first_key() -> None:
    rotated = Vault([NEW, OLD], "secret")
    anew = rotated.reseal(Vault([OLD], "secret").seal(NUMBER))
    assert rotated.is_current(anew)
    assert Vault([NEW], "secret").open(anew) == NUMBER


def test_a_number_is_found_by_its_hash_whatever_the_data_keys() -> None:
    assert Vault([OLD], "secret").number_hash(NUMBER) == Vault([NEW], "secret").number_hash(NUMBER)
    assert Vault([OLD], "secret").number_hash(NUMBER) != Vault([OLD], "another").number_hash(NUMBER)
