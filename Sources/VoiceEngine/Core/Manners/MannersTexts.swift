/// What an agent says on its own, where its document does not, by language.
package struct MannersTexts: Equatable, Sendable {
    package var checkIn: String
    package var onFailure: String
    package var goodbye: String
    package var callWarning: String
    package var fillers: [String]

    /// - Parameter language: BCP 47; English for those without texts.
    package static func of(_ language: String) -> MannersTexts {
        switch LanguageTable.primary(language) {
        case "de":
            MannersTexts(
                checkIn: "Sind Sie noch da?", onFailure: "Entschuldigung, ich habe gerade ein technisches Problem.",
                goodbye: "Vielen Dank. Auf Wiederhören.",
                callWarning: "Wir haben leider nur noch wenig Zeit.",
                fillers: ["Einen Moment bitte.", "Ich sehe kurz nach.", "Moment."])
        case "es":
            MannersTexts(
                checkIn: "¿Sigue usted ahí?", onFailure: "Lo siento, ahora mismo tengo un problema técnico.",
                goodbye: "Gracias. Adiós.", callWarning: "Nos queda muy poco tiempo.",
                fillers: ["Un momento, por favor.", "Déjeme ver.", "Un segundo."])
        case "fr":
            MannersTexts(
                checkIn: "Vous êtes toujours là ?", onFailure: "Désolé, j'ai un problème technique en ce moment.",
                goodbye: "Merci. Au revoir.", callWarning: "Il nous reste très peu de temps.",
                fillers: ["Un instant, s'il vous plaît.", "Je regarde.", "Un moment."])
        case "it":
            MannersTexts(
                checkIn: "È ancora in linea?", onFailure: "Mi dispiace, al momento ho un problema tecnico.",
                goodbye: "Grazie. Arrivederci.", callWarning: "Ci resta poco tempo.",
                fillers: ["Un momento, per favore.", "Vediamo.", "Un attimo."])
        case "pt":
            MannersTexts(
                checkIn: "Ainda está aí?", onFailure: "Desculpe, estou com um problema técnico neste momento.",
                goodbye: "Obrigado. Até logo.", callWarning: "Temos muito pouco tempo.",
                fillers: ["Um momento, por favor.", "Deixe-me ver.", "Só um instante."])
        case "ru":
            MannersTexts(
                checkIn: "Вы ещё на линии?", onFailure: "Извините, у меня сейчас технические неполадки.",
                goodbye: "Спасибо. До свидания.", callWarning: "У нас осталось совсем мало времени.",
                fillers: ["Одну минуту, пожалуйста.", "Сейчас посмотрю.", "Секунду."])
        case "zh":
            MannersTexts(
                checkIn: "您还在吗？", onFailure: "抱歉，我现在遇到了技术问题。", goodbye: "谢谢，再见。",
                callWarning: "我们剩下的时间不多了。", fillers: ["请稍等。", "我来看一下。", "稍等一下。"])
        case _:
            MannersTexts(
                checkIn: "Are you still there?", onFailure: "I am sorry, I am having trouble right now.",
                goodbye: "Thank you. Goodbye.", callWarning: "We only have a little time left.",
                fillers: ["One moment.", "Let me see.", "Just a second."])
        }
    }
}
