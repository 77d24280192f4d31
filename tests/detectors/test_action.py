"""Does a text speak of a failure, of a delay or of a delivery, whatever language it is in, and with a "not" before it? (D-02)"""

import pytest

from bounce_plugin.detectors.notice import Notice
from bounce_plugin.message.headers import Headers
from bounce_plugin.message.passage import Passage
from bounce_plugin.message.report import Action, Kind, Report

FAILED, DELAYED, DELIVERED = Action.FAILED, Action.DELAYED, Action.DELIVERED


def action(text: str) -> Action:
    return Notice(Report(kind=Kind.OTHER, headers=Headers(), passage=Passage.of(text))).action


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ihre E-Mail an anna@far.example wurde zugestellt. Die Domain wird abgeschaltet.", DELIVERED),
        ("Ihre E-Mail an anna@far.example wurde nicht zugestellt.", FAILED),
        ("Votre message a bien été remis à anna@far.example.", DELIVERED),
        ("Votre message n'a pas été remis à anna@far.example.", FAILED),
        ("Su mensaje ha sido entregado.", DELIVERED),
        ("Su mensaje no ha sido entregado.", FAILED),
        ("Il messaggio è stato consegnato.", DELIVERED),
        ("Il messaggio non è stato consegnato.", FAILED),
        ("Uw bericht is afgeleverd.", DELIVERED),
        ("Uw bericht is niet afgeleverd.", FAILED),
        ("Wiadomość została dostarczona.", DELIVERED),
        ("Wiadomość nie została dostarczona.", FAILED),
        ("A sua mensagem foi entregue.", DELIVERED),
        ("A sua mensagem não foi entregue.", FAILED),
        ("Сообщение было доставлено.", DELIVERED),
        ("Сообщение не было доставлено.", FAILED),
        ("メッセージは配信されました。", DELIVERED),
        ("メッセージは配信されませんでした。", FAILED),
        ("Your message has been forwarded to the new address.", DELIVERED),
        ("Your message could not be delivered. A copy has been forwarded to the postmaster.", FAILED),
        ("Ihre Nachricht konnte nicht zugestellt werden. Eine Kopie wurde weitergeleitet.", FAILED),
    ],
)
def test_what_was_delivered_did_not_fail_unless_a_not_stands_in_its_sentence(text: str, expected: Action) -> None:
    assert action(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Meddelandet är försenat. Fler försök kommer att göras.", DELAYED),
        ("Felet är permanent och inga fler försök kommer att göras.", FAILED),
        ("5日間再送を試みましたが、配信できませんでした。", FAILED),
        ("まだ配信されていません。再送を試みます。", DELAYED),
        ("It has not yet been delivered. No further action is required; attempts will continue to be made.", DELAYED),
        ("Your message has been delayed. After five days no further attempts will be made.", DELAYED),
        ("Não serão feitas novas tentativas.", FAILED),
        ("Serão feitas novas tentativas.", DELAYED),
    ],
)
def test_what_is_tried_no_more_is_no_delay(text: str, expected: Action) -> None:
    assert action(text) is expected
