// How English and German are read aloud.

extension SpokenLanguage {
    static let english = SpokenLanguage(
        .english, numbers: EnglishNumbers.self,
        signs: Signs(
            minus: "minus", plus: "plus", percent: "percent", to: "to", dot: "dot", at: "at", dash: "dash",
            underscore: "underscore", slash: "slash", and: "and", equals: "equals", times: "times",
            number: "number", about: "about", point: "point"),
        tables: Tables(
            units: """
                km=kilometer|kilometers;m=meter|meters;cm=centimeter|centimeters;mm=millimeter|millimeters;\
                mi=mile|miles;ft=foot|feet;yd=yard|yards;kg=kilogram|kilograms;g=gram|grams;mg=milligram|milligrams;\
                lb lbs=pound|pounds;oz=ounce|ounces;l L=liter|liters;ml mL=milliliter|milliliters;gal=gallon|gallons;\
                km/h kph=kilometer per hour|kilometers per hour;mph=mile per hour|miles per hour;\
                m/s=meter per second|meters per second;°C ℃=degree Celsius|degrees Celsius;\
                °F ℉=degree Fahrenheit|degrees Fahrenheit;°=degree|degrees;KB kB=kilobyte|kilobytes;\
                MB=megabyte|megabytes;GB=gigabyte|gigabytes;TB=terabyte|terabytes;\
                Mbps Mbit/s=megabit per second|megabits per second;Gbps Gbit/s=gigabit per second|gigabits per second;\
                kWh=kilowatt hour|kilowatt hours;kW=kilowatt|kilowatts;W=watt|watts;V=volt|volts;Hz=hertz;\
                kHz=kilohertz;MHz=megahertz;GHz=gigahertz;m² sqm=square meter|square meters;\
                km²=square kilometer|square kilometers;sqft=square foot|square feet;m³=cubic meter|cubic meters;\
                h hr hrs=hour|hours;min mins=minute|minutes;s sec secs=second|seconds;ms=millisecond|milliseconds;\
                %=percent;‰=per mille
                """,
            currencies: """
                $ USD US$=dollar|dollars+cent|cents;€ EUR=euro|euros+cent|cents;£ GBP=pound|pounds+penny|pence;\
                ¥ JPY=yen+sen;CNY RMB=yuan+fen;CHF=Swiss franc|Swiss francs+centime|centimes;₹ INR=rupee|rupees+paisa|paise;\
                CAD C$=Canadian dollar|Canadian dollars+cent|cents;AUD A$=Australian dollar|Australian dollars+cent|cents;\
                ₽ RUB=ruble|rubles+kopeck|kopecks;R$ BRL=real|reais+centavo|centavos
                """,
            joint: "and",
            abbreviations: """
                Dr.=Doctor^|Drive;Dr=Doctor^;Mr. Mr=Mister;Mrs. Mrs=Missus;Ms. Ms=Miz;Prof.=Professor;\
                St.=Street<|Saint;Mt.=Mount;Ave.=Avenue;Blvd.=Boulevard;Rd.=Road;Apt.=Apartment;Ste.=Suite#;\
                No. no.=number#;Nos. nos.=numbers#;Ext. ext.=extension#;p.=page#;pp.=pages#;Fig. fig.=figure#;\
                vol. Vol.=volume#;ch. Ch.=chapter#;vs. vs=versus;e.g.=for example;i.e.=that is;etc.=et cetera;\
                approx.=approximately;dept. Dept.=department;est.=established#;Inc.=Incorporated;Ltd.=Limited;\
                Co.=Company;Corp.=Corporation;Jr.=Junior;Sr.=Senior;Gov.=Governor;Gen.=General;Capt.=Captain;\
                Lt.=Lieutenant;Sgt.=Sergeant;Sen.=Senator;Rep.=Representative;Rev.=Reverend;w/=with;w/o=without;\
                a.m.=A M;p.m.=P M;Mon.=Monday;Tue. Tues.=Tuesday;Wed.=Wednesday;Thu. Thur. Thurs.=Thursday;Fri.=Friday;\
                Sat.=Saturday#;Sun.=Sunday#;Jan.=January;Feb.=February;Mar.=March#;Apr.=April;Aug.=August;\
                Sep. Sept.=September;Oct.=October;Nov.=November;Dec.=December;min.=minutes;hrs.=hours;hr.=hour
                """,
            months: "January February March April May June July August September October November December",
            monthAbbreviations:
                "Jan Feb Mar Apr - Jun Jul Aug Sep Oct Nov Dec Jan. Feb. Mar. Apr. - Jun. Jul. Aug. Sep. Oct. "
                + "Nov. Dec. - - - - - - - - Sept. - - -",
            magnitudes:
                "k K=thousand;thousand=thousand;million mn mm m M=million;billion bn b B=billion;trillion tn=trillion",
            codeWords:
                "code pin number no account order ticket case booking confirmation reference zip postcode flight "
                + "extension ext passcode id invoice tracking serial policy room apartment suite",
            yearWords: "in since by from until till of year around before after during circa through january february "
                + "march april may june july august september october november december spring summer autumn fall winter",
            fractions: "1/2=one half;1/3=one third;2/3=two thirds;1/4=one quarter;3/4=three quarters;1/5=one fifth;"
                + "2/5=two fifths;3/5=three fifths;4/5=four fifths;1/8=one eighth;3/8=three eighths;5/8=five eighths;"
                + "7/8=seven eighths;1/10=one tenth;24/7=twenty-four seven"))

    static let german = SpokenLanguage(
        .german, numbers: GermanNumbers.self,
        signs: Signs(
            minus: "minus", plus: "plus", percent: "Prozent", to: "bis", dot: "Punkt", at: "ät", dash: "Minus",
            underscore: "Unterstrich", slash: "Schrägstrich", and: "und", equals: "gleich", times: "mal",
            number: "Nummer", about: "etwa", point: "Punkt"),
        tables: Tables(
            units: """
                km=Kilometer;m=Meter;cm=Zentimeter;mm=Millimeter;kg=Kilogramm!n;g=Gramm!n;mg=Milligramm!n;l L=Liter;\
                ml=Milliliter;km/h=Kilometer pro Stunde;m/s=Meter pro Sekunde;°C ℃=Grad Celsius;°F=Grad Fahrenheit;\
                °=Grad;KB kB=Kilobyte!n;MB=Megabyte!n;GB=Gigabyte!n;TB=Terabyte!n;Mbit/s=Megabit pro Sekunde!n;\
                kWh=Kilowattstunde|Kilowattstunden!f;kW=Kilowatt!n;W=Watt!n;V=Volt!n;Hz=Hertz!n;kHz=Kilohertz!n;\
                MHz=Megahertz!n;GHz=Gigahertz!n;m² qm=Quadratmeter;km²=Quadratkilometer;m³=Kubikmeter;\
                h Std. Std=Stunde|Stunden!f;min Min. Min=Minute|Minuten!f;s Sek. Sek=Sekunde|Sekunden!f;\
                ms=Millisekunde|Millisekunden!f;%=Prozent!n;‰=Promille!n
                """,
            currencies: """
                € EUR=Euro+Cent;$ USD US$=Dollar+Cent;£ GBP=Pfund!n+Penny|Pence;CHF=Franken+Rappen;¥ JPY=Yen+Sen;\
                ₽ RUB=Rubel+Kopeke|Kopeken!f
                """,
            joint: "", namesMinor: false,
            abbreviations: """
                Dr.=Doktor;Hr.=Herr;Fr.=Frau^;Prof.=Professor;Dipl.=Diplom;Ing.=Ingenieur;St.=Sankt;z.B. z.b.=zum Beispiel;\
                d.h. d.h=das heißt;u.a.=unter anderem;bzw.=beziehungsweise;ca.=circa;evtl.=eventuell;\
                ggf.=gegebenenfalls;inkl.=inklusive;exkl.=exklusive;zzgl.=zuzüglich;vgl.=vergleiche;sog.=sogenannt;\
                bspw.=beispielsweise;bes.=besonders;Tel. tel.=Telefon;usw.=und so weiter;etc.=et cetera;\
                o.ä.=oder ähnlich;u.ä.=und ähnlich;usf.=und so fort;Nr. nr.=Nummer;Abs.=Absatz#;Art.=Artikel#;\
                Kap.=Kapitel#;Bd.=Band#;S.=Seite#;Jan.=Januar;Feb.=Februar;Mär.=März;Apr.=April;Aug.=August;\
                Sep. Sept.=September;Okt.=Oktober;Nov.=November;Dez.=Dezember;Std.=Stunden;Min.=Minuten;max.=maximal;\
                min.=mindestens;mind.=mindestens;zzt.=zurzeit;i.d.R.=in der Regel;u.U.=unter Umständen
                """,
            months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            monthAbbreviations: "Jan. Feb. Mär. Apr. - Jun. Jul. Aug. Sep. Okt. Nov. Dez. "
                + "Jänner - - - - - - - Sept. - - -",
            magnitudes: "Tsd. tausend=Tausend;Mio. Mio Million Millionen=Million|Millionen!f;"
                + "Mrd. Mrd Milliarde Milliarden=Milliarde|Milliarden!f",
            codeWords: "code pin nummer nr kundennummer bestellnummer rechnungsnummer ticket vorgang plz postleitzahl "
                + "buchung referenz flug durchwahl kennwort vertragsnummer auftragsnummer zimmer",
            yearWords: "jahr jahre seit anno von bis vor nach um januar februar märz april mai juni juli august "
                + "september oktober november dezember sommer winter herbst frühling im in",
            fractions: "1/2=ein halb;1/3=ein Drittel;2/3=zwei Drittel;1/4=ein Viertel;3/4=drei Viertel;"
                + "1/5=ein Fünftel;1/8=ein Achtel;1/10=ein Zehntel;24/7=vierundzwanzig sieben"))
}
