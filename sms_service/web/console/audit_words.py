"""What the audit trail holds, in words: acts by their code, and the kinds of records they were done to."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

ACTS: Mapping[str, LazyString] = {
    "audit.export": _l("took the audit trail away as a table"),
    "broadcast.cancel": _l("called a broadcast off"),
    "broadcast.canary": _l("sent the first few of a broadcast"),
    "broadcast.create": _l("wrote a broadcast"),
    "broadcast.edit": _l("changed a broadcast"),
    "broadcast.submit": _l("submitted a broadcast"),
    "broadcast.approve": _l("approved a broadcast"),
    "broadcast.override_quiet_hours": _l("let a broadcast go in the quiet hours"),
    "broadcast.reject": _l("gave a broadcast back"),
    "broadcast.start": _l("began a broadcast"),
    "broadcast.running": _l("sent a broadcast to all"),
    "broadcast.pause": _l("paused a broadcast"),
    "broadcast.resume": _l("let a broadcast go on"),
    "broadcast.halt": _l("halted a broadcast"),
    "broadcast.send_again": _l("sent texts of a broadcast again"),
    "broadcast.finish": _l("finished a broadcast"),
    "community.create": _l("added a community"),
    "content.create": _l("added content"),
    "content.update": _l("changed content"),
    "content.take_back": _l("took an edit of content back"),
    "event.create": _l("made an event"),
    "event.change": _l("changed an event"),
    "event.approve": _l("approved an event"),
    "event.cancel": _l("called an event off"),
    "event.groups": _l("changed the groups of an event"),
    "event.allocate": _l("put people into groups"),
    "event.place": _l("moved somebody to another group"),
    "event.take_off": _l("took somebody off an event"),
    "event.note_present": _l("noted that somebody came"),
    "event.import_registrants": _l("imported registrations"),
    "recruiters.import": _l("imported the recruiter list"),
    "recruiters.warning": _l("changed the office's warning of a recruiter"),
    "report.list": _l("looked at the list of reports"),
    "report.read": _l("read a report"),
    "report.change": _l("changed a report"),
    "report.merge": _l("merged two reports"),
    "report.note": _l("wrote a note on a report"),
    "report.reply": _l("answered a reporter"),
    "report.reveal": _l("looked at a reporter's number"),
    "report.reveal_recruiter": _l("looked at a recruiter's number"),
    "report_cluster.list": _l("looked at the list of clusters"),
    "report_cluster.read": _l("looked at a cluster"),
    "report_cluster.confirm_link": _l("said that two reports are about the same"),
    "report_cluster.split_link": _l("took a report out of a cluster"),
    "report_cluster.join": _l("joined clusters"),
    "report_cluster.apart": _l("took a cluster apart"),
    "report_cluster.confirm": _l("signed the warning of a cluster"),
    "report_cluster.dismiss": _l("dismissed a cluster"),
    "report_cluster.create_warning": _l("drafted a warning from a cluster"),
    "report_link.list": _l("looked at the suggested links"),
    "report_link.read": _l("looked at two reports side by side"),
    "report_link.split": _l("said that two reports are not about the same"),
    "session.open": _l("signed in"),
    "session.end": _l("signed out"),
    "staff.add": _l("added a person"),
    "staff.create": _l("added a person at the command line"),
    "staff.create_token": _l("made a token for the API"),
    "token.revoke": _l("revoked a token"),
    "staff.role": _l("changed somebody's role"),
    "staff.password": _l("changed the own password"),
    "staff.new_password": _l("set a first password anew"),
    "staff.second_factor": _l("set up a second factor"),
    "staff.second_factor_reset": _l("took a second factor away"),
    "staff.lock": _l("locked after wrong attempts"),
    "staff.unlock": _l("lifted a lock"),
    "staff.deactivate": _l("let a person go"),
    "staff.reactivate": _l("took a person back"),
    "subscribers.import": _l("imported subscribers"),
    "subscribers.erase": _l("erased a person"),
    "surge.raise": _l("noticed that many ask for one name"),
    "surge.seen": _l("saw that many ask for one name"),
}
RECORDS: Mapping[str, LazyString] = {
    "articles": _l("article"),
    "broadcast": _l("broadcast"),
    "cluster": _l("cluster"),
    "community": _l("community"),
    "contacts": _l("contact"),
    "event": _l("event"),
    "jobs": _l("job"),
    "offices": _l("office"),
    "recruiter": _l("recruiter"),
    "recruiter_list": _l("recruiter list"),
    "report": _l("report"),
    "report_cluster": _l("cluster"),
    "report_link": _l("two reports"),
    "staff": _l("person"),
    "subscribers": _l("subscribers"),
    "surge": _l("wave of questions"),
    "system": _l("the service"),
}


def act(code: str) -> str:
    """What was done; an act without words stays as it is kept."""
    return str(ACTS.get(code, code))


def record(kind: str) -> str:
    """What it was done to."""
    return str(RECORDS.get(kind, kind))
