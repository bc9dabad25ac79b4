/// What answering machines say, by language. Phrases are normalised as `Backchannel.words(in:)` does.
struct VoicemailPhrases: Sendable {
    /// Only machines say this.
    private var certain: Set<String> = []
    /// People say this too, but not as the first thing on the telephone.
    private var likely: Set<String> = []

    /// The phrases of a language, and the English ones: many exchanges answer in English.
    static func of(_ language: String) -> VoicemailPhrases {
        let own: VoicemailPhrases
        switch LanguageTable.primary(language) {
        case "de": own = german
        case "es": own = spanish
        case "fr": own = french
        case "it": own = italian
        case "pt": own = portuguese
        case "ru": own = russian
        case "zh": own = chinese
        case _: return english
        }
        return VoicemailPhrases(
            certain: own.certain.union(english.certain), likely: own.likely.union(english.likely))
    }

    /// Whether only a machine says this.
    func isMachine(_ text: String) -> Bool { Self.contains(text, certain) }

    /// Whether who begins a call with this is a machine.
    func mayBeMachine(_ text: String) -> Bool { Self.contains(text, certain) || Self.contains(text, likely) }

    private static func contains(_ text: String, _ phrases: Set<String>) -> Bool {
        let spoken = " \(Backchannel.words(in: text).joined(separator: " ")) "
        return phrases.contains { spoken.contains(" \($0) ") }
    }

    private init(certain: Set<String>, likely: Set<String>) { (self.certain, self.likely) = (certain, likely) }

    private init(certain: String, likely: String) {
        self.init(certain: LanguageTable.phrases(certain), likely: LanguageTable.phrases(likely))
    }

    private static let english = VoicemailPhrases(
        certain:
            "after the tone,after the beep,at the tone,at the beep,hear the tone,hear the beep,voicemail,voice mail,"
            + "voice mailbox,mailbox is full,record your message,answering machine,answering service,"
            + "leave your message,leave your name and,leave me a message and i'll,press pound when,when you have finished recording,"
            + "when you are finished recording,please leave a message,please leave a detailed message",
        likely: "leave a message,leave me a message,leave a detailed message,leave your name,not available,unavailable,"
            + "can't take your call,cannot take your call,can't come to the phone,cannot come to the phone,"
            + "unable to take your call,unable to answer,can't answer the phone,get back to you as soon as,return your call,you've reached,"
            + "you have reached,your call has been forwarded,away from my phone,missed your call")

    private static let german = VoicemailPhrases(
        certain:
            "nach dem signalton,nach dem ton,nach dem piepton,nach dem signal,nach dem pfeifton,nachricht hinterlassen,"
            + "hinterlassen sie,hinterlassen sie eine nachricht,mailbox,anrufbeantworter,sprachbox,sprechen sie nach dem",
        likely: "nicht erreichbar,momentan nicht,zurzeit nicht,zur zeit nicht,derzeit nicht,leider nicht erreichbar,"
            + "rufe sie zurück,rufen sie zurück,nicht persönlich,leider nicht da,eine nachricht,sie sind verbunden mit")

    private static let spanish = VoicemailPhrases(
        certain: "después de la señal,después del tono,tras la señal,tras el tono,al oír la señal,deje su mensaje,"
            + "deje un mensaje,deja tu mensaje,deja un mensaje,deje su nombre,buzón de voz,contestador,contestador automático,"
            + "grabe su mensaje,después del bip,después del pitido",
        likely:
            "no está disponible,no disponible,no podemos atender,no puedo atender,no puede atender,no puedo contestar,"
            + "no se encuentra disponible,le devolveré la llamada,te devolveré la llamada,en este momento no,ha llamado a"
    )

    private static let french = VoicemailPhrases(
        certain: "après le bip,après le signal sonore,après le signal,après la tonalité,laissez un message,"
            + "laissez votre message,laisser un message,laisser votre message,laissez moi un message,messagerie,messagerie vocale,"
            + "boîte vocale,répondeur,enregistrer votre message",
        likely: "pas disponible,n'est pas disponible,ne suis pas disponible,indisponible,je ne peux pas vous répondre,"
            + "ne peux pas répondre,ne pouvons pas vous répondre,je vous rappellerai,vous êtes bien sur,absent pour le moment,bien au"
    )

    private static let italian = VoicemailPhrases(
        certain: "dopo il segnale acustico,dopo il segnale,dopo il bip,dopo il tono,lasciate un messaggio,"
            + "lasci un messaggio,lascia un messaggio,lasciare un messaggio,lasciate il vostro messaggio,segreteria telefonica,"
            + "segreteria,casella vocale",
        likely: "non è raggiungibile,non raggiungibile,non sono disponibile,non è disponibile,non disponibile,"
            + "al momento non posso,non posso rispondere,non possiamo rispondere,sarete richiamati,vi richiamerò,ti richiamerò"
    )

    private static let portuguese = VoicemailPhrases(
        certain:
            "após o sinal,após o bip,depois do sinal,depois do bip,após o tom,deixe a sua mensagem,deixe sua mensagem,"
            + "deixe uma mensagem,deixe o seu recado,deixe seu recado,deixe um recado,deixe o recado,caixa postal,correio de voz,"
            + "grave a sua mensagem,grave sua mensagem,secretária eletrônica,atendedor de chamadas,caixa de mensagens",
        likely: "não está disponível,não estou disponível,indisponível,não posso atender,não podemos atender,"
            + "fora da área de cobertura,retornarei a ligação,retorno a ligação,encontra se desligado,neste momento não"
    )

    private static let russian = VoicemailPhrases(
        certain: "после сигнала,после звукового сигнала,после гудка,после тонального сигнала,оставьте сообщение,"
            + "оставьте ваше сообщение,оставьте свое сообщение,оставьте своё сообщение,оставить сообщение,автоответчик,"
            + "голосовая почта,голосовую почту,голосовой почты,почтовый ящик",
        likely:
            "не может ответить,не могу ответить,не можем ответить,не могу подойти,абонент недоступен,абонент временно,"
            + "недоступен,вне зоны действия,вне зоны,вы позвонили,перезвоню,аппарат абонента")

    private static let chinese = VoicemailPhrases(
        certain: "嘀声后,滴声后,哔声后,提示音后,听到提示音,请留言,語音信箱,语音信箱,语音留言,語音留言,留言信箱,嘟声后,信号音后,录音留言,"
            + "请在滴,请在嘀,请在提示音",
        likely: "无法接听,無法接聽,不能接听,暂时无法,不在服务区,已关机,您拨打的,您撥打的,無法接通,无法接通,正在通话中,稍后再拨")
}
