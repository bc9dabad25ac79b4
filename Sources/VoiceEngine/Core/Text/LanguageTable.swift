/// Words of a language that matter for cutting and weighing speech. The key is the primary subtag of BCP 47 ("en-US" is
/// "en"); an unknown language gets the empty table and still works by punctuation.
struct LanguageTable: Sendable {
    /// With their full stop, lower case: never the end of a sentence ("Dr.").
    var titles: Set<String> = []
    /// With their full stop, lower case: the end of a sentence only before a capital letter ("a.m.").
    var abbreviations: Set<String> = []
    /// With their full stop, lower case: abbreviations only before a digit ("No. 5").
    var numberWords: Set<String> = []
    /// Whether a number with a full stop is an ordinal ("am 3. Mai").
    var hasDottedOrdinals = false
    /// Phrases, normalised as `Backchannel.words(in:)` does, words joined by one space.
    var backchannels: Set<String> = []
    /// Nobody ends a sentence with these.
    var alwaysHanging: Set<String> = []
    /// A sentence may end with these, when there is a full stop.
    var oftenHanging: Set<String> = []

    static func of(_ language: String) -> LanguageTable {
        let primary = language.prefix { $0 != "-" && $0 != "_" }.lowercased()
        return tables[primary] ?? LanguageTable()
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }
    private static func phrases(_ text: String) -> Set<String> {
        Set(text.split(separator: ",").map { $0.split(separator: " ").joined(separator: " ") })
    }

    private static let tables: [String: LanguageTable] = [
        "en": LanguageTable(
            titles: words(
                "dr. mr. mrs. ms. prof. st. mt. rev. hon. gen. col. sgt. capt. lt. gov. sen. rep. messrs. vs. "
                    + "e.g. i.e. cf. approx."
            ),
            abbreviations: words(
                "a.m. p.m. etc. inc. ltd. co. corp. jr. sr. u.s. u.k. ave. blvd. rd. ext. dept. est. min. max. "
                    + "hr. hrs. jan. feb. "
                    + "mar. apr. jun. jul. aug. sep. sept. oct. nov. dec. mon. tue. tues. wed. thu. thur. thurs. fri."),
            numberWords: words("no. nos. p. pp. fig. vol. ch. sec."),
            backchannels: phrases(
                "uh huh,mhm,mm hmm,mm,hm,hmm,yeah,yep,yup,yes,ok,okay,right,sure,alright,all right,i see,got "
                    + "it,gotcha,uh,um,ah,oh,"
                    + "aha,wow,cool,great,nice,good,fine,of course,i know,true,exactly,really,oh okay,makes "
                    + "sense,sounds good,huh"
            ),
            alwaysHanging: words(
                "and or but because so that's the a an my your his our their its um uh er erm if when while "
                    + "although unless since "
                    + "than i'm i'd i'll we're you're they're and/or"),
            oftenHanging: words(
                "for to is at in on of with from by about as like are was were am be the this these those that "
                    + "which who whose "
                    + "what where how can could would should will do does did not i we you he she they it's "
                    + "between until "
                    + "into over under per plus want need have has had maybe also just very")),
        "de": LanguageTable(
            titles: words(
                "dr. hr. fr. prof. st. dipl. ing. z.b. z. d.h. d. u.a. bzw. ca. evtl. ggf. inkl. exkl. vgl. "
                    + "sog. bspw. bes. tel. str."
            ),
            abbreviations: words(
                "usw. etc. uhr. o.ä. u.ä. usf. jan. feb. mär. apr. jun. jul. aug. sep. sept. okt. nov. dez. mo. "
                    + "di. mi. do. fr. sa."
            ),
            numberWords: words("nr. s. abs. art. kap. bd."),
            hasDottedOrdinals: true,
            backchannels: phrases(
                "mhm,mm hmm,hm,hmm,aha,ah,ach,ach so,achso,ja,jaja,jo,jep,okay,ok,genau,gut,klar,alles "
                    + "klar,stimmt,richtig,schön,"
                    + "verstehe,ich verstehe,in ordnung,na gut,gerne,super,prima,toll,oh,äh,ähm,so so,eben"),
            alwaysHanging: words(
                "und oder aber weil denn dass ob wenn als der die das dem den des ein eine einen einem einer "
                    + "mein meine meinen "
                    + "meinem meiner ihr ihre unser unsere dein deine äh ähm"),
            oftenHanging: words(
                "für von mit bei nach zu zum zur im in an am auf um über unter aus bis ist sind war bin hat "
                    + "habe haben ich wir sie "
                    + "er es nicht sehr auch noch wie was wo möchte will kann würde")),
        "es": LanguageTable(
            titles: words("dr. dra. sr. sra. srta. prof. ud. uds. p.ej. avda."),
            abbreviations: words("etc. a.m. p.m. ee.uu. s.a. aprox."), numberWords: words("n.º núm. pág. tel."),
            backchannels: phrases(
                "mhm,mm hmm,hm,hmm,ajá,aja,sí,si,sí sí,vale,ok,okay,claro,ya,bueno,bien,muy bien,entiendo,ya "
                    + "veo,de acuerdo,perfecto,"
                    + "exacto,ah,oh,eh,pues,cierto,correcto,por supuesto"),
            alwaysHanging: words(
                "y e o u pero porque que si el la los las un una unos unas mi mis tu tus su sus del al eh este"),
            oftenHanging: words(
                "de a en con por para sin sobre entre hasta desde es son está soy como cuando donde no me se lo le muy")
        ),
        "fr": LanguageTable(
            titles: words("dr. m. mm. mme. mmes. mlle. pr. st. ste. p.ex. c.-à-d. env."),
            abbreviations: words("etc. av. bd. tél. janv. févr. avr. juil. sept. oct. nov. déc."),
            numberWords: words("n. p. art."),
            backchannels: phrases(
                "mhm,mm hmm,hm,hmm,oui,ouais,oui oui,ok,okay,d'accord,ah,ah oui,ah bon,bien,très "
                    + "bien,bon,voilà,exactement,exact,"
                    + "je vois,entendu,parfait,bien sûr,c'est ça,euh,oh,tout à fait,ça marche,compris"),
            alwaysHanging: words(
                "et ou mais donc car parce que qu' le la les l' un une des du mon ma mes ton ta tes son sa ses "
                    + "notre votre euh si"
            ),
            oftenHanging: words(
                "de d' à au aux en dans avec pour par sans sur sous chez est sont suis c'est je tu il elle nous "
                    + "vous ne pas très"
            )),
    ]
}
