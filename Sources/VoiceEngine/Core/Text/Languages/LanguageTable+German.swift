extension LanguageTable {
    static let german = LanguageTable(
        titles: words(
            "dr. hr. fr. prof. st. dipl. ing. z.b. z. d.h. d. u.a. bzw. ca. evtl. ggf. inkl. exkl. vgl. sog. bspw. bes. a. h. u. i. o. ä. r. med. rer. nat. phil. jur. abt. allg. geb. verh. "
                + "tel. str. zzgl. mind. i.d.r. u.u."),
        abbreviations: words(
            "usw. etc. uhr. o.ä. u.ä. usf. jan. feb. mär. apr. jun. jul. aug. sep. sept. okt. nov. dez. mo. di. mi. do. "
                + "fr. sa. std. mio. mrd. tsd."),
        numberWords: words("nr. s. abs. art. kap. bd."),
        hasDottedOrdinals: true, hasInwardQuotes: true, links: words("und oder"),
        subjects: words(
            "ich du wir er sie es dann danach das dies ihr man möchten können könnten haben hätten ist wäre sind"),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,aha,ah,ach,ach so,achso,ja,jaja,jo,jep,okay,ok,genau,gut,klar,alles klar,stimmt,richtig,"
                + "schön,verstehe,ich verstehe,in ordnung,na gut,gerne,super,prima,toll,oh,äh,ähm,so so,eben,ja klar,"
                + "ja genau,sehr gut,natürlich,sicher,passt,das stimmt,wunderbar,perfekt,exakt,ach ja,na klar,jawohl,"
                + "selbstverständlich,kein problem,tja,naja,na ja,interessant,logisch,ja gut,jap,danke,danke schön,dankeschön,vielen dank,okay danke,nee,das passt,"
                + "das ist gut,ist gut,ist okay,ach okay,ah okay,ah ja,aha okay,freut mich,toll danke,in der tat,"
                + "auf jeden fall,definitiv,einverstanden,geht klar,mach ich,verstanden,hab ich"),
        interruptions: phrases(
            "stopp,stop,halt,warten sie,warte,moment,einen moment,moment mal,augenblick,einen augenblick,entschuldigung,"
                + "nein nein,sekunde,eine sekunde,hören sie,eine frage,darf ich,noch mal bitte,nochmal bitte,wie bitte,"
                + "abbrechen,das ist falsch,das stimmt nicht,ruhe,schluss,wartet,warten,moment bitte,kurze frage,"
                + "ich habe eine frage,ich hab eine frage,sorry,verzeihung,wiederholen sie,können sie das wiederholen,"
                + "ich verstehe nicht,das verstehe ich nicht,langsamer,mitarbeiter,einen menschen,das reicht,vergiss es,"
                + "vergessen sie es,hallo hallo,falsch"),
        alwaysHanging: words(
            "und oder aber weil denn dass ob wenn als der die das dem den des ein eine einen einem einer mein meine "
                + "meinen meinem meiner ihr ihre unser unsere dein deine äh ähm diesem diesen keinem deren dessen sondern sowie dass "
                + "damit obwohl während bevor nachdem falls sodass ihrem ihren ihres seinem seinen"),
        oftenHanging: words(
            "für von mit bei nach zu zum zur im in an am auf um über unter aus bis ist sind war bin hat habe haben ich "
                + "wir sie er es nicht sehr auch noch wie was wo möchte will kann würde muss soll hätte wäre gegen ohne durch zwischen seit ab bis bereits ungefähr etwa ganz "
                + "so zwei brauche hätten wollte dieser diese dieses kein keine keinen welche welcher welches jede jeden seine "
                + "herr"),
        expected: ExpectedPhrases(
            phone: phrases(
                "telefonnummer,handynummer,rufnummer,mobilnummer,rückrufnummer,nummer erreiche,nummer erreichen,"
                    + "welcher nummer"),
            email: phrases("e mail,email,mailadresse,mail adresse"),
            address: phrases("adresse,anschrift,straße,hausnummer,wo wohnen,lieferadresse,wohnort"),
            date: phrases(
                "datum,welchem tag,welchen tag,welcher tag,geburtstag,geboren,wann,um wie viel uhr,um wieviel uhr,"
                    + "welche uhrzeit,geburtsdatum,termin passt"),
            number: phrases(
                "nummer,wie viele,wieviele,wie viel,wieviel,wie alt,code,pin,postleitzahl,plz,betrag,ziffern,"
                    + "kundennummer,bestellnummer"),
            name: phrases(
                "ihr name,ihren namen,ihr vorname,nachname,vornamen,wie heißen,wie heißt,mit wem spreche,buchstabieren,"
                    + "familienname,dein name,deinen namen,welchen namen"),
            yesNo: words(
                "ist sind war haben hast hat kann können darf dürfen soll sollen möchten wollen passt stimmt geht "
                    + "möchtest willst kannst wollten könnten könnte wäre würden habe sind brauchen bist werden"),
            tags: phrases("richtig,korrekt,stimmt das,oder,okay,ist das richtig,nicht wahr,in ordnung"),
            requests: phrases(
                "nennen sie,sagen sie,geben sie,teilen sie,ich brauche,ich benötige,bräuchte,nenn mir,sag mir,"
                    + "gib mir,buchstabieren sie,bitte ihren,bitte ihre,verraten sie,bitte noch")))
}
