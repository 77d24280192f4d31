"""By which words does a bounce give itself away? Lower case; a new generator's wording is one line here.

Words alone never make a bounce: people and newsletters quote them. `evidence` weighs them against who wrote the mail.
"""

from __future__ import annotations

from typing import Final

from bounce_plugin.detectors.phrases import Beginnings, Phrases

# The local part or the name in From that only mail servers use, and what people use, too.
DAEMONS: Final = Phrases((
    "mailer-daemon", "mailer_daemon", "mailerdaemon", "mailer daemon", "mail-daemon", "maildaemon", "mail delivery s", "mail.delivery.s", "maildelivery",
    "delivery subsystem", "message delivery system", "internet delivery system", "mail deliver system", "microsoftexchange", "electronic postmaster", "<ndr@", " ndr@", "-ndr@", "ndr administrator", "mdaemon@",
    "no-reply@sns.amazonaws.com", "symantec_antivirus", "symantec_mail_security", "imss@", "forefrontserversecurity@", "mmdf@", "mmdf ", "interscan", "jetmail system", "lsmtp", "mailmarshal@", "delivery-notification@",
))  # fmt: skip
POSTMASTERS: Final = Phrases((
    "postmaster", "post_master", "post.master", "post-master", "system administrator", "mail administrator", "\"mail system", " mail system", "-mail system", "(mail system", "email system", "webmail system", "mail delivery", "<mta@", " mta@", "-mta@", "bounce@",
    "bounces@", "listserv@", "daemon@", "mailsystem@", "mail-system@", "mailadmin@", "mailmaster@", "administrator@",
    "mailsysteem", "sistema de correo", "système de messagerie", "sistema di posta",
    "posta-certificata@",
))  # fmt: skip
# What is said of mail that comes in, to whom it comes: not of mail that we sent.
INCOMING: Final = Phrases((
    "incoming messages could", "incoming messages were", "incoming messages are", "incoming mails are", "incoming emails are", "incoming emails could", "a message sent to you", "message was sent to you", "to your inbox",
    "to your mailbox because", "release messages", "release your messages", "held messages", "messages on hold", "release all of your", "retrieve your messages", "password expires", "mailbox password",
    "spam quarantine", "quarantine report", "quarantine digest", "quarantine summary", "your quarantine", "end user digest", "quarantäne-bericht", "quarantänebericht", "ihrer quarantäne", "rapport de quarantaine", "votre quarantaine",
    "informe de cuarentena", "su cuarentena", "rapporto di quarantena", "vostra quarantena", "quarantaine-rapport", "raport kwarantanny", "relatório de quarentena", "отчет о карантине",
    "your parcel", "your package", "your shipment", "ihr paket", "ihre sendung", "eingehende nachricht", "eingehende mail", "sondern zurückgehalten", "zurückgehaltene e-mails",
))  # fmt: skip
# What the subject of a list of mail says that is kept back from us: of what, and that it is a list.
KEPT_BACK: Final = Phrases((
    "spam", "quarant", "cuarentena", "quarentena", "kwarantann", "karanten", "karantén", "карантин", "隔離", "隔离", "격리",
))  # fmt: skip
OVERVIEWS: Final = Phrases((
    "report", "status", "digest", "summary", "notification", "bericht", "übersicht", "zusammenfassung", "rapport", "résumé", "informe", "resumen", "rapporto", "riepilogo", "overzicht",
    "raport", "powiadomienie", "podsumowanie", "relatório", "resumo", "отчет", "отчёт",
))  # fmt: skip
# How the subject of statistics and lists of many mails begins.
DIGESTS: Final = Phrases((
    "digest", "postfix log", "logwatch", "log summary", "mail log", "failure rate", "bounce rate", "statistic", "statistik", "summary", "summaries", "zusammenfassung", "tagesbericht", "daily report", "weekly report", "monthly report", "rapport quotidien", "rapport hebdomadaire",
    "récapitulatif", "resumen diario", "resumen semanal", "informe diario", "riepilogo", "rapporto giornaliero", "dagrapport", "samenvatting", "raport dzienny", "podsumowanie", "relatório diário", "resumo diário",
    "sammanfattning", "sammendrag", "souhrn", "сводка", "ежедневный отчет", "ежедневный отчёт",
))  # fmt: skip
# The same, in words that nobody would use of mail that we sent, whatever else the text quotes.
TO_US: Final = Phrases((
    "in mail to you", "new messages in quarantine", "neue nachrichten in der quarantäne", "email to you from", "mail to you from", "message addressed to you", "email addressed to you", "mail addressed to you", "message that was sent to you", "message intended for you",
    "een e-mail aan u", "een bericht aan u", "eine e-mail an sie", "eine nachricht an sie", "un e-mail pour vous", "un message pour vous", "un mensaje para usted", "un messaggio per lei", "an sie gerichtete", "an sie adressierte", "für sie bestimmte", "qui vous était destiné", "qui vous est destiné", "qui vous a été adressé",
    "dirigido a usted", "dirigido a ti", "a lei indirizzat", "a te indirizzat", "indirizzato a te", "aan u gericht", "adresowan do ciebie", "zaadresowan", "endereçada a você",
    "ställt till dig", "sendt til deg", "sendt til dig", "určená vám", "адресованное вам", "вам адресован",
))  # fmt: skip
# What a lure asks for, behind a link: no mail server wants anybody to confirm or to renew a mailbox.
LURES: Final = Phrases((
    "congratulations! ", "you have won", "claim your", "claim form", "lottery", "sie haben gewonnen", "vous avez gagné", "ha ganado", "hai vinto", "u heeft gewonnen",
    "validate your mailbox", "verify your mailbox", "confirm your mailbox", "reactivate your mailbox", "upgrade your mailbox", "update your mailbox", "mailbox certificate", "mailbox version",
    "restore sending", "validate your account", "sender mailbox not validated", "must confirm your account", "keep your current password", "keep the same password", "termination of your mailbox",
    "review your mailbox", "review message and resend", "mailbox storage is outdated", "avoid suspension of your", "avoid account closure",
    "postfach bestätigen", "postfach zu bestätigen", "konto verifizieren", "mailbox bestätigen", "ящик отправителя не подтвержд", "подтвердить ящик", "подтвердите ящик",
    "valider votre boîte", "confirmer votre boîte", "validar su buzón", "verifique su buzón", "verificare la casella", "confermare la casella",
))  # fmt: skip
# What a subject calls that which was not delivered: goods, letters and payments come back, too.
OF_MAIL: Final = Phrases((
    "mail", "message", "nachricht", "courriel", "mensaje", "correo", "messaggio", "bericht", "wiadomo", "mensagem", "meddelande", "besked", "beskjed", "zpráv", "sprav", "viesti", "üzenet", "ileti", "mesaj", "сообщ", "письм", "лист",
    "メール", "メッセージ", "邮件", "郵件", "信件", "메일", "메시지", "delivery status", "delivery failure", "delivery notification", "delivery report", "non-delivery", "nondelivery",
))  # fmt: skip
# What else is delivered, and fails to be.
GOODS: Final = Phrases((
    "parcel", "package", "shipment", "courier", "your order", "tracking", "paket", "sendung", "lieferung", "colis", "paquete", "pacco", "spedizione", "przesyłk",
    "encomenda", "pakket", "bestelling", "consignment", "bounced payment", "briefe konnten", "niemand angetroffen", "посылк", "荷物", "包裹",
))  # fmt: skip

# How the subject begins, decoded. Behind each: the languages that Exchange and others write.
SUBJECTS: Final = Beginnings((
    "undeliverable", "undelivered", "undeliverd", "non-delivery", "nondeliver", "not delivered", "returned mail", "return mail",
    "returned to sender", "mail returned", "message returned", "returned message", "delivery status notification", "delivery failure",
    "delivery failed", "delivery notification", "delivery report", "delivery error", "delivery problem", "delivery has failed",
    "delivery incomplete", "delivery warning", "failure notice", "failure delivery", "failed mail", "failed delivery", "failure:",
    "mail delivery", "mail failed", "mail failure", "mail error", "mail system error", "message delivery", "message dropped", "message undeliverable", "message status",
    "delayed mail", "warning: message", "warning: could not send", "warning: e-mail", "warning: your ", "warning: unable", "warning: undeliver", "warning: mail ", "warning: delivery", "warning: transient", "permanent delivery failure", "permanent failure",
    "couldn't be delivered", "could not be delivered", "unable to deliver", "can't be delivered", "cannot be delivered",
    "rejected mail", "mail rejected", "message rejected", "bounce", "bounced mail", "processing error", "notice: mail delivery",
    "postmaster notify: delivery failure", "nicht zugestellte e-mail", "nameserver error report", "[postmaster] email delivery failure", "message you sent blocked", "returned due to",
    "address not found", "user unknown", "unknown user", "quota exceeded", "mailbox full", "email delivery failure",
    "your message could not be", "your mail could not be", "your e-mail could not be", "your email could not be", "your message was not delivered", "your message was blocked", "your email was blocked", "your e-mail was blocked", "your message wasn't delivered",
    "votre message n'a pas pu", "votre message n'a pas été remis", "votre message n'a pas été distribu", "votre message n'a pas été délivr", "votre courriel n'a pas pu", "su mensaje no se pudo", "su mensaje no se ha podido", "su mensaje no ha podido", "su mensaje no pudo", "su correo no pudo",
    "su correo no ha podido", "su correo no se ha podido", "su mensaje no ha sido entregad", "il suo messaggio non è stato consegnat", "il suo messaggio non è stato recapitat", "il tuo messaggio non è stato consegnat", "il tuo messaggio non è stato recapitat", "uw bericht kon niet", "uw bericht is niet bezorgd", "uw bericht is niet afgeleverd",
    "uw e-mail kon niet", "uw e-mail is niet bezorgd", "uw e-mail is niet afgeleverd", "twoja wiadomość nie mogła", "twoja wiadomość nie została dostarcz", "twoja wiadomość nie została doręcz", "sua mensagem não pôde", "sua mensagem não foi entregue",
    "ditt meddelande kunde inte", "ditt meddelande har inte levererats", "din besked kunne ikke", "vaše zpráva nemohla", "zpráva nebyla doruč", "zprava nebyla doruc", "vaše zpráva nebyla doruč", "iletilemeyen", "iletiniz teslim edilemedi", "mesajınız teslim edilemedi", "kézbesítési hiba", "ваше сообщение не доставлено",
    "ihre e-mail wurde nicht zugestellt", "ihre nachricht wurde nicht zugestellt", "ihre e-mail konnte nicht zugestellt", "ihre nachricht konnte nicht zugestellt", "e-mail wurde abgewiesen",
    "unzustellbar", "nicht zustellbar", "unzustellbarkeit", "zustellung", "zustellungs", "nachricht konnte nicht", "nachricht abgelehnt", "e-mail abgelehnt", "fehler beim zustellen",
    "e-mail nicht zugestellt", "mail konnte nicht",  # de
    "non remis", "message rejeté", "échec de la remise", "échec de remise", "non délivré", "non distribu", "échec de la distribution",
    "message non", "retour de courrier", "message retourné", "courriel retourné", "notification d'échec",  # fr
    "no se puede entregar", "no entregado", "no se pudo entregar", "devuelto", "mensaje devuelto", "correo no entregado", "notificación de estado de entrega", "error de entrega",
    "correo devuelto", "mensaje no entregado", "mensaje rechazado",  # es
    "avviso di mancata consegna", "avviso di non accettazione", "non recapitabile", "impossibile recapitare", "mancato recapito", "mancata consegna", "notifica di mancat", "messaggio non", "messaggio rifiutato", "messaggio restituito", "messaggio respinto",  # it
    "onbestelbaar", "niet-bestelbaar", "niet bezorgd", "niet afgeleverd", "kan niet worden bezorgd",  # nl
    "niedostarczalne", "nie można dostarczyć", "zwrot do nadawcy", "zwrot wiadomości", "nie dostarczono", "niedoręczenie",  # pl
    "não entregue", "falha na entrega", "não foi possível entregar", "devolvida", "mensagem não",  # pt
    "olevererbart", "kunde inte levereras", "går inte att leverera", "kan ikke leveres", "ikke levert", "kunne ikke leveres",
    "toimittamaton", "viestin toimitus", "ei voitu toimittaa", "ei voi toimittaa",  # sv, da, nb, fi
    "nedoručitelné", "nedoručiteľné", "kézbesíthetetlen", "livrat", "teslim edilemedi", "ανεπίδοτο", "μη παραδοτέο", "αποτυχία παράδοσης", "αποτυχια παραδοσης",  # cs, sk, hu, ro, tr, el
    "недоставленное", "не доставлено", "не может быть доставлено", "недоставленн", "ошибка доставки", "не доставлен",  # ru, uk
    "配信不能", "配信できません", "メールエラー", "配送エラー", "配信エラー", "不達", "送信できません", "エラー通知",
    "메일 발송 실패", "메일이 차단", "메일 전송 실패", "메일이 전송되지", "발송 실패", "발송실패", "전송되지 못", "전송 불가", "반송", "전달되지 못",
    "未送达", "未传递", "无法传递", "退信", "系统退信", "傳遞失敗", "未傳遞", "無法傳遞", "無法投遞", "投递失败", "邮件传输失败", "传递失败",
    "배달되지 않음", "배달 못 함", "전송 실패", "לא ניתן למסירה", "غير قابل للتسليم",  # ja, zh, ko, he, ar
))  # fmt: skip

# What the text says of itself, near its beginning. Each is a sentence that machines write to say that mail failed.
INTROS: Final = Phrases((
    "could not be delivered", "this message was created automatically by mail delivery software", "a message that you sent", "recipient address rejected", "user unknown", "unable to deliver",  # the most frequent first
    "hi. this is the", "mail transport system has reported", "problems it encountered while trying to deliver", "this is the mail system at", "this is the postfix", "program at host",
    "this is an automatically generated delivery status", "delivery of the email was stopped", "delivery of the message was stopped", "mailmarshal has stopped the following message", "has stopped the following email for", "is niet aangekomen bij",
    "automatically generated delivery status notification", "this is an automated message created by mail delivery",
    "this is the mailer-daemon", "this is the dragonfly mail agent", "this is a delivery status notification",
    "automatic bounce notification", "this is an automated alert notification", "non-delivery report", "nondelivery report",
    "a message you sent", "message that you have sent could not be delivered",
    "couldn't be delivered", "cannot be delivered", "can't be delivered", "can not be delivered",
    "could not deliver", "couldn't deliver", "cannot deliver", "can't deliver", "not able to deliver",
    "wasn't able to deliver", "was not able to deliver", "unable to send your message", "not yet been able to deliver", "was unable to deliver", "failed to deliver",
    "error delivering your mail", "problem delivering your", "problems delivering", "delivery of your message", "delivery problem",
    "delivery to the following", "delivery has failed", "delivery failed", "delivery failure", "delivery attempts",
    "delivery errors", "delivery of email to this address", "has not yet been delivered", "has not been delivered", "was not delivered",
    "message has failed delivery", "found a message matching a filter", "not delivered to the following", "not delivered the following", "not been delivered", "did not reach the following", "did not reach some or all", "could not be reached",
    "following addresses had", "following address had", "transcript of session follows",
    "your message wasn't delivered", "your message was not delivered", "hasn't been delivered", "delivery incomplete",
    "your message has encountered delivery problems", "message was rejected", "mail was rejected",
    "rejected by a remote mail server", "email you sent was rejected",
    "failure reasons", "failed addresses follow", "no valid recipients", "returned to sender",
    "unknown user", "no such user", "unknown recipient", "invalid final delivery",
    "not a valid user", "mailbox is full", "mailbox exceeds", "quota exceeded", "over quota",
    "error was detected while processing", "message undeliverable", "not deliverable", "has not delivered the following", "has been returned to you because", "did not attempt delivery", "not attempt to deliver",
    "sent <<<", "did not exactly match", "addresses could not be",
    "nicht zugestellt", "konnte nicht übermittelt", "an den absender zurück", "unzustellbar", "nicht ausgeliefert",   # de
    "n'a pas pu être", "n'a pas été remis", "n'a pas été transmis", "n'a pas été distribu", "n'a pas été délivr", "n'a pas été livré", "impossible de remettre",
    "la remise a échoué", "non remis", "échec de la remise", "n'a pu être",  # fr
    "no se pudo entregar", "no ha podido entregarse", "no pudo entregarse", "no se ha podido entregar", "no ha podido ser entregado", "no pudo ser entregado", "no se entregó", "no se ha entregado", "no ha sido entregado",
    "error al entregar", "no se puede entregar",  # es
    "non è stato possibile recapitare", "non è stato recapitato", "non è stata recapitata", "non è stata consegnata", "non è stato inoltrato", "impossibile recapitare", "non è stato consegnato",
    "mancato recapito", "mancata consegna", "non può essere recapitat", "errore nella consegna",  # it
    "kan niet worden bezorgd", "kan niet worden afgeleverd", "kon niet worden bezorgd", "kon niet worden afgeleverd", "niet bezorgd", "niet afgeleverd",  # nl
    "nie można dostarczyć", "nie została dostarczona", "nie mogła zostać dostarczona", "nie może zostać dostarczon", "nie może zostać doręczon", "nie mogła zostać doręczon", "nie została doręczon", "nie dostarczono", "zwrócona do nadawcy", "zwrócono do nadawcy", "nie powiodło się",  # pl
    "não pôde ser entregue", "não foi entregue", "não foi possível entregar", "falha na entrega",  # pt
    "kunde inte levereras", "går inte att leverera", "gick inte att leverera", "gick inte att dela ut", "kunne ikke leveres", "blev ikke leveret", "er ikke leveret", "har inte levererats", "ble ikke levert", "ei voitu toimittaa", "ei ole vielä voitu toimittaa", "toimitus epäonnistui",
    "nebyla doručena", "nebyla dorucena", "nemohla být doručena", "nepodařilo se doručit", "nebylo možné doručit", "nem sikerült kézbesíteni", "nem tudtuk kézbesíteni", "nem kézbesíthető", "teslim edilemedi", "iletilemedi",
    "nu a putut fi livrat", "nu a fost livrat", "δεν ήταν δυνατή η παράδοση", "δεν ήταν δυνατό να παραδοθεί", "δεν μπόρεσε να παραδοθεί",  # sv, da, fi, cs, hu, tr, ro, el
    "не может быть доставлено", "не удалось доставить", "не доставлено", "не было доставлено", "невозможно доставить", "не вручено", "не может быть вручено",  # ru
    "送信できませんでした", "配信できません", "配信できなかった", "送信に失敗", "届けることができ", "エラーのため", "配送できません", "お届けできません",
    "尚未送達", "未送達", "無法投遞", "投遞失敗", "無法送達", "无法发送", "无法投递", "未能送达", "投递失败", "无法传递", "傳遞失敗", "無法傳遞", "无法送达", "未送达",
    "전송되지 못", "전송하지 못", "전송에 실패", "발송에 실패", "전달되지 못", "보내지 못", "반송되었",
    "배달하지 못했습니다", "전달되지 않았습니다", "전송하지 못했습니다", "לא ניתן היה למסור", "تعذر تسليم", "تعذّر",  # ja, zh, ko, he, ar
))  # fmt: skip

# By which sentence a program names itself: nobody else writes it.
PROGRAMS: Final = Phrases((
    "mailmarshal (an automated", "mailenable:", "this is the mail system at host", "this message was created automatically by mail delivery software", "this is the james mail server", "-send program at", "this is the haraka mailer",
))  # fmt: skip
# Words that reports share with letters: they count less.
HINTS: Final = Phrases((
    "undeliverable", "undelivered", "was rejected by", "rejected by the", "has been rejected", "was blocked", "was returned", "has been returned",
    "is returned", "returned to you", "does not exist", "not found", "permanent error", "permanent failure", "invalid user", "invalid recipient",
    "is not a valid", "zustellung", "退回", "退信", "no longer", "n'a pas été remis", "not accepting mail",
))  # fmt: skip

# It is being tried again: a delay, unless the text also says that it was given up.
STILL_TRYING: Final = Phrases((
    "has not yet been delivered", "not yet been delivered", "not yet been able to deliver", "attempts to deliver the message will continue", "attempts to deliver your message will continue", "delivery attempts will continue", "will be retried", "will continue to try",
    "will continue to attempt", "continue to be made", "still being retried", "this is a warning message only", "this is only a warning",
    "this is just a warning", "warning message only", "do not need to resend", "do not need to re-send", "has been delayed",
    "is delayed for more", "was delayed", "is being delayed", "has been postponed", "temporary failure report", "will keep trying",
    "will retry", "advisory-only", "message delayed", "delivery is delayed", "still in the queue", "will try again",
    "i will keep trying", "retrying for", "wird weiterhin versucht", "erneut versucht", "verzögert", "noch nicht zugestellt werden", "wurde noch nicht zugestellt", "weitere zustellversuche", "lediglich eine warnung",
    "still awaiting delivery", "delivery will be attempted", "need not resend", "delay reason:", "pas encore été remis", "pas encore été livré", "pas encore été distribué", "pas encore été délivré", "tentatives de remise se poursuivr",
    "konnte noch nicht zugestellt", "noch nicht zugestellt worden", "versucht es noch weitere", "versuchen es noch weitere", "aún no ha sido entregad", "todavía no ha sido entregad", "non è ancora stato consegnat", "nog niet afgeleverd",
    "sera à nouveau", "retardé", "pas encore pu être", "simple avertissement", "tentatives se poursuivr", "nouvelles tentatives",
    "ha sido retrasad", "aún no se ha podido entregar", "todavía no se ha podido", "seguirá intentando", "se volverá a intentar",
    "non è ancora stato possibile", "non è stato ancora possibile", "non è stato consegnato nelle prime dodici ore", "ulteriori tentativi", "si continuerà a tentare",
    "kon nog niet worden", "is nog niet bezorgd", "wordt later opnieuw geprobeerd", "jeszcze nie została dostarczona", "kolejne próby",
    "ainda não foi entregue", "ainda não pôde ser", "novas tentativas", "har ännu inte", "fler försök", "er endnu ikke", "yderligere forsøg",
    "zatím nebyla doručena", "další pokusy", "henüz teslim edilemedi", "yeniden denenecek", "пока не доставлено", "попытки доставки будут", "попытки будут продолж",
    "seguirá intent", "seguiremos intent", "seguirá tratando", "continuerà a tent", "continueremo a tent", "continuará a tent", "continuaremos a tent", "continuará tentando", "będą ponawiane", "będzie ponawian", "próby będą", "pokusy budou", "budeme se pokoušet",
    "kézbesítés késik", "kézbesítése késik", "napig próbálkozik", "tovább próbál", "denemeye devam", "denemeler sürecek", "계속 재시도", "다시 시도", "nya försök", "försöker igen", "blijven proberen", "blijven het ", "yritämme edelleen", "opnieuw geprobeerd", "forsøger igen", "prøver igjen", "vom încerca în continuare", "se va încerca din nou",
    "yritetään uudelleen", "jatketaan yrittämistä", "will be re-attempted", "go on trying", "further attempts will be made", "il server riproverà", "będzie próbował", "se harán más intentos", "se realizarán más intentos",
    "まだ配信されて", "再送を試み", "配信を再試行", "尚未送达", "将继续尝试", "會繼續嘗試", "持續嘗試",
))  # fmt: skip
# Of these the ones that say the opposite.
NO_MORE: Final = (
    "no further attempts will be made", "not go on trying", "nie będzie próbował", "no se harán más intentos", "no se realizarán más intentos", "nicht erneut versucht", "nicht weiterhin versucht", "nie będzie ponawian", "nie będą ponawian", "keine weitere zustellversuche", "pas de nouvelles tentatives", "plus de nouvelles tentatives", "sans nouvelles tentatives", "no se volverá a intentar", "no seguirá intentando",
    "non verranno effettuati ulteriori tentativi", "non saranno effettuati ulteriori tentativi", "senza ulteriori tentativi", "nie będą podejmowane kolejne próby", "żadne kolejne próby", "nie będzie kolejnych",
    "não serão feitas novas tentativas", "não haverá novas tentativas", "sem novas tentativas", "inga fler försök", "utan fler försök", "ingen yderligere forsøg", "uden yderligere forsøg", "žádné další pokusy", "další pokusy nebudou",
    "попытки доставки будут прекращены", "再送を試みまし", "再送を試みた",
)  # fmt: skip
# And of these the ones that may be said of a message that has failed since.
WAS_LATE: Final = (
    "was delayed",
    "has been delayed",
    "is delayed",
    "has been postponed",
    "message delayed",
    "verzögert",
    "retardé",
)
GIVEN_UP: Final = Phrases((
    "giving up", "given up", "i've given up", "no further", "permanent error", "failed permanently", "permanently",
    "permanent fatal errors", "not going to try again", "too long", "will be deleted from queue", "retry timeout exceeded", "expired", "was aborted",
    "could not be delivered for", "returned to sender", "endgültig", "keine weiteren", "définitivement", "ne sera plus", "definitivamente", "no se volverá", "non verrà più",
    "definitief", "ostatecznie", "окончательно", "больше не будет",
))  # fmt: skip
DELIVERED: Final = Phrases((
    "was successfully delivered", "has been successfully delivered", "were successful", "successfully relayed",
    "was delivered to the following", "has been delivered to the following", "successful mail delivery", "weitergeleitet und dort zugestellt.",
))  # fmt: skip
# It was delivered in the end, whatever was reported before.
TO_ALL: Final = "has now been delivered to all"
AFTER_ALL: Final = Phrases((
    "has not been rejected. it has been delivered", TO_ALL, "this is not an error message",
    "doch noch zugestellt", "inzwischen zugestellt", "nun doch zugestellt", "delivered after all", "has now been delivered", "have now been delivered", "was finally delivered", "has finally been delivered", "finalement été remis",
    "finalement été livré", "finalement été distribué", "finalmente entregad", "sido entregado finalmente", "finalmente consegnat", "alsnog bezorgd", "alsnog afgeleverd", "ostatecznie dostarczon", "jednak dostarczon", "nakonec doručen", "alltså levererat", "всё же доставлен", "все же доставлен",
))  # fmt: skip
# The same in other languages, near the beginning of a text, before it says anything of a failure, and without one of the words below it.
ARRIVED: Final = (
    "wurde zugestellt", "wurde erfolgreich zugestellt", "wurde weitergeleitet", "ist weitergeleitet worden", "a bien été remis", "a été remis", "a été transféré", "a été distribué", "ha sido entregad", "se ha entregado", "fue entregad",
    "ha sido reenviad", "è stato consegnato", "è stata consegnata", "è stato inoltrato", "è stata inoltrata", "is bezorgd", "is afgeleverd", "is doorgestuurd", "została dostarczona", "została przekazana", "foi entregue", "foi encaminhad",
    "har levererats", "har vidarebefordrats", "blev leveret", "er blevet leveret", "byla doručena", "byla předána", "teslim edildi", "yönlendirildi", "было доставлено", "доставлено успешно", "успешно доставлен", "было перенаправлено",
    "配信されました", "転送しました", "转发至新", "已送达", "已成功送达", "已成功投递", "전달되었습니다", "has been forwarded to", "your message was forwarded to", "rest of the message was delivered",
    "wurde dem empfänger zugestellt", "wurde an den empfänger zugestellt", "wurde trotzdem zugestellt", "wurde ohne die anlage an den empfänger zugestellt", "wurde ohne den anhang zugestellt",
)  # fmt: skip
NOT: Final = (
    "nicht", " no ", " non ", "n'a ", "pas ", "não ", "niet ", "nie ", "inte ", "ikke ", "nebyl", " не ", "не был", "未", "不", "않", "못", "postmaster",
)  # fmt: skip
# What a mailing list's manager says of a message that it does not pass on.
REFUSED_BY_LIST: Final = Phrases((
    "been rejected", "been automatically rejected", "was rejected", "message rejected", "is rejected", "been refused", "was refused", "abgelehnt", "zurückgewiesen", "abgewiesen", "wurde nicht verteilt", "n'a pas été diffusé", "a été rejeté", "a été refusé", "automatiquement rejeté", "automatiquement refusé",
    "sido rechazad", "fue rechazad", "automáticamente rechazad", "rechazado automáticamente", "stato rifiutat", "stato respint", "automaticamente rifiutat", "automaticamente respint", "rigettat", "geweigerd", "afgewezen", "odrzucon", "rejeitad", "recusad", "avvisat", "avvist", "afvist", "zamítnut", "odmítnut", "reddedil",
    "отклонен", "отвергнут", "拒否されました", "却下", "被拒绝", "被拒絕",
))  # fmt: skip
# What it says of one that a moderator has yet to see: this may be refused, or not.
HELD_BY_LIST: Final = Phrases((
    "held until", "being held", "is held", "awaits", "awaiting", "waiting for", "pending", "requires approval", "require approval", "approve or deny", "for approval", "authorization is requested",
    "zurückgehalten", "wartet auf", "entweder wird", "entscheidung des moderators", "en attente", "transmis aux modérateurs", "transmis à un modérateur", "transmis au modérateur", "après validation", "après leur approbation", "décision du modérateur", "décision des modérateurs", "sera distribué", "in attesa", "pendiente", "a la espera", "wacht op", "wachten op", "vastgehouden", "oczekuj",
    "aguarda", "väntar på", "avvaktar", "afventer", "venter på", "čeká na", "bekliyor", "ожидает", "承認待ち", "等待",
))  # fmt: skip
# That it speaks of a message, and of no wish to subscribe.
OF_OUR_MESSAGE: Final = Phrases((
    "your message", "your mail", "your e-mail", "your email", "your post", "ihre nachricht", "ihrer nachricht", "ihre e-mail", "ihrer e-mail", "deine nachricht", "votre message", "message que vous avez envoyé", "su mensaje", "tu mensaje", "suo messaggio", "tuo messaggio",
    "uw bericht", "je bericht", "twoja wiadomość", "twojej wiadomości", "wiadomości od ciebie", "sua mensagem", "ditt meddelande", "ditt brev", "din besked", "vaše zpráva", "vaší zprávy", "mesajınız",
    "ваше сообщение", "вашего сообщения", "ваше письмо", "あなたのメッセージ", "您的邮件", "您的郵件",
))  # fmt: skip

# What is wrong with a mailbox, in a word: with what came back, it tells that something failed.
TROUBLE: Final = Phrases((
    "unknown", "no such", "not exist", "n't exist", "disabled", "inactive", "suspended", "not found", "is full", "mailbox full", "over quota", "quota exceeded", "invalid", "rejected", "refused", "too large", "exceed", "spam", "closed", "not valid", "not listed", "bad address", "no mailbox", "unavailable", "quota", "deleted", "not active",
    "unbekannt", "kein solche", "keinen solchen", "existiert nicht", "gibt es nicht", "deaktiviert", "gesperrt", "ist voll", "überfüllt", "ungültig", "abgelehnt", "vorhanden", "gelöscht", "zu groß", "inconnu", "supprim", "inesist", "eliminad", "cancellat", "usuni", "verwijderd", "n'existe", "désactiv", "est pleine", "refusé",
    "desconocid", "no existe", "está llen", "rechazad", "sconosciut", "non esiste", "è pien", "rifiutat", "onbekend", "bestaat niet", "is vol", "geweigerd", "nieznan", "nie istnieje", "pełn", "odrzucon", "não existe", "desconhecid", "está chei", "okänd", "finns inte", "ukendt", "findes ikke", "ukjent", "neexistuje", "ismeretlen", "nem létez", "llen", "bulunam", "löydy", "nenalez", "plná", "plný", "megtelt",
    "не существует", "неизвестн", "переполнен", "отклонен", "存在しません", "不存在", "已满", "найден", "удал", "見つかりません", "無効",
))  # fmt: skip
# Words before an address that the reader may ask.
ASK: Final = (
    "please contact", "\ncontact the", "queries to", "contact us", "contact your", "contact:", "administrator:", "please reply to", "please write", "questions", "enquiries", "inquiries", "for assistance", "further assistance", "for help", "get help", "help:", "support:", "in touch with", "email us",
    "wenden sie sich", "kontaktieren sie", "fragen", "ansprechpartner", "schreiben sie", "melden sie sich", "kontakt:", "contactez", "écrivez", "écrire à", "adressez-vous", "adressez vous", "besoin d'aide", "administrateur",
    "póngase en contacto", "contacte con", "escriba a", "escríbanos", "dudas", "consultas", "administrador:", "contatti", "scriver", "scriva a", "assistenza", "domande", "rivolg", "amministratore:", "neem contact", "vragen", "schrijf", "beheerder:",
    "prosimy o kontakt", "skontaktuj", "napisz", "pytania", "pytań", "dúvidas", "entre em contato", "entre em contacto", "contato:", "kontakta ", "frågor", "spørgsmål", "spørsmål", "ota yhteyttä", "kysymy", "dotaz", "pište na", "kontaktujte", "otázk", "kérdés", "forduljon",
    "írjon", "iletişime", "sorular", "başvurun", "обращайтесь", "обратитесь", "вопрос", "свяжитесь", "напишите", "お問い合わせ", "お問合せ", "問合せ", "ご連絡", "문의", "请联系", "請聯繫", "請聯絡", "咨询",
)  # fmt: skip
# Words behind these that say that it is the one that failed.
FAILING: Final = Phrases((
    "unable", "could not", "cannot", "can not", "n't", "not be", "recipient", "user:", "addressee", "deliver", "server", "host ", "domain", "fail", "reject", "mailbox", "intended", "impossible", "serveur", "destinat", "remis", "konnte", "empfänger", "nicht", "postfach", "zugestellt", "servidor",
    "no se ", "buzón", "entreg", "impossibile", "casella", "recapit", "consegn", "ontvanger", "niet ", "bezorg", "odbiorc", "adresat", "serwer", "não ", "mottagar", "inte ", "kunde inte", "modtager", "ikke ", "příjemc", "adresát", "címzett", "alıcı", "edilemedi",
    "получател", "адресат", "не ", "сервер", "宛先", "受信者", "できません", "收件人", "收件者", "받는", "수신",
))  # fmt: skip
# Whom a text tells to ask.
_CONTACTS: Final = (
    "postmaster@", "support@", "abuse@", "helpdesk@", "noc@", "hostmaster@", "admin@", "webmaster@", "info@", "help@", "mailer-daemon@", "service@",
)  # fmt: skip
#: The end of the local part where a mailing list's keepers are asked.
LIST_KEEPERS: Final = ("-owner", "-request", "-admin", "-bounces")
# Where a list has its bounces sent; of the above, the others may be anybody's.
LIST_RETURNS: Final = ("-owner", "-bounces", "-bounce", "-return")


# What stands between two addresses that one word is for.
_BETWEEN: Final = " \t\r\n<>()[]\"',;/"
_AND: Final = frozenset({
    "and", "or", "und", "oder", "et", "ou", "y", "e", "o", "en", "of", "och", "eller", "og", "lub", "a", "i", "nebo", "vagy", "ve", "veya", "и", "или",
})  # fmt: skip


def is_one_list(between: str) -> bool:
    """Whether what stands between two addresses, in lower case, only joins them."""
    words = between.strip(_BETWEEN)
    return not words or words in _AND


def is_contact(address: str) -> bool:
    """Whether an address is rather one to ask than one that failed; it may still have failed."""
    lower = address.lower()
    return lower.startswith(_CONTACTS) or lower.partition("@")[0].endswith(LIST_KEEPERS)
