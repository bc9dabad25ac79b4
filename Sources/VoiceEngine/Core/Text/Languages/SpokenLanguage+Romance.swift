// How Spanish, French, Italian and Portuguese are read aloud.

extension SpokenLanguage {
    static let spanish = SpokenLanguage(
        .spanish, numbers: SpanishNumbers.self,
        signs: Signs(
            minus: "menos", plus: "más", percent: "por ciento", to: "a", dot: "punto", at: "arroba", dash: "guion",
            underscore: "guion bajo", slash: "barra", and: "y", equals: "igual a", times: "por", number: "número",
            about: "unos", point: "punto"),
        tables: Tables(
            units: """
                km=kilómetro|kilómetros;m=metro|metros;cm=centímetro|centímetros;mm=milímetro|milímetros;\
                kg=kilo|kilos;g gr=gramo|gramos;mg=miligramo|miligramos;l L=litro|litros;ml=mililitro|mililitros;\
                km/h=kilómetro por hora|kilómetros por hora;°C ℃ ºC=grado centígrado|grados centígrados;\
                °=grado|grados;MB=megabyte|megabytes;GB=gigabyte|gigabytes;TB=terabyte|terabytes;\
                kWh=kilovatio hora|kilovatios hora;kW=kilovatio|kilovatios;W=vatio|vatios;V=voltio|voltios;\
                m²=metro cuadrado|metros cuadrados;m³=metro cúbico|metros cúbicos;h=hora|horas!f;\
                min=minuto|minutos;s seg=segundo|segundos;%=por ciento
                """,
            currencies: """
                € EUR=euro|euros+céntimo|céntimos;$ USD US$=dólar|dólares+centavo|centavos;£ GBP=libra|libras!f+penique|peniques;\
                MXN=peso|pesos+centavo|centavos;CHF=franco suizo|francos suizos+céntimo|céntimos;¥ JPY=yen|yenes+sen|senes
                """,
            joint: "con",
            abbreviations: """
                Dr.=doctor;Dra.=doctora;Sr.=señor;Sra.=señora;Srta.=señorita;Sres.=señores;Prof.=profesor;\
                D.=don^;Dña.=doña;Ud. Vd.=usted;Uds. Vds.=ustedes;etc.=etcétera;p.ej.=por ejemplo;aprox.=aproximadamente;\
                núm. Núm. n.º N.º nº Nº=número#;pág.=página#;págs.=páginas#;tel. Tel.=teléfono;Avda. Av.=avenida;\
                C/=calle;EE.UU.=Estados Unidos;S.A.=ese a;Cía.=compañía;dpto.=departamento;máx.=máximo;mín.=mínimo
                """,
            months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
            magnitudes: "mil=mil;millón millones=millón|millones;billón billones=billón|billones",
            codeWords: "código pin número cuenta pedido ticket caso reserva referencia postal vuelo extensión factura",
            yearWords: "en de desde año hasta del enero diciembre",
            fractions: "1/2=medio;1/3=un tercio;2/3=dos tercios;1/4=un cuarto;3/4=tres cuartos;24/7=veinticuatro siete")
    )

    static let french = SpokenLanguage(
        .french, numbers: FrenchNumbers.self,
        signs: Signs(
            minus: "moins", plus: "plus", percent: "pour cent", to: "à", dot: "point", at: "arobase", dash: "tiret",
            underscore: "tiret bas", slash: "barre oblique", and: "et", equals: "égale", times: "fois",
            number: "numéro", about: "environ", point: "point"),
        tables: Tables(
            units: """
                km=kilomètre|kilomètres;m=mètre|mètres;cm=centimètre|centimètres;mm=millimètre|millimètres;\
                kg=kilo|kilos;g=gramme|grammes;mg=milligramme|milligrammes;l L=litre|litres;ml=millilitre|millilitres;\
                km/h=kilomètre heure|kilomètres heure;°C ℃=degré|degrés;°=degré|degrés;Mo=mégaoctet|mégaoctets;\
                Go=gigaoctet|gigaoctets;To=téraoctet|téraoctets;Ko=kilooctet|kilooctets;MB=mégaoctet|mégaoctets;\
                GB=gigaoctet|gigaoctets;kWh=kilowattheure|kilowattheures;kW=kilowatt|kilowatts;W=watt|watts;V=volt|volts;\
                m²=mètre carré|mètres carrés;m³=mètre cube|mètres cubes;h=heure|heures!f;min mn=minute|minutes!f;\
                s sec=seconde|secondes!f;%=pour cent
                """,
            currencies: """
                € EUR=euro|euros+centime|centimes;$ USD US$=dollar|dollars+cent|cents;£ GBP=livre|livres!f+penny|pence;\
                CHF=franc suisse|francs suisses+centime|centimes;¥ JPY=yen|yens+sen
                """,
            joint: "", namesMinor: false,
            abbreviations: """
                M.=monsieur^;MM.=messieurs^;Mme Mme.=madame;Mmes Mmes.=mesdames;Mlle Mlle.=mademoiselle;Dr Dr.=docteur^;Pr=professeur^;\
                Me=maître^;St=saint^;Ste=sainte^;etc.=et cetera;p.ex. p.ex=par exemple;c.-à-d.=c'est-à-dire;env.=environ;\
                n° N° no.=numéro#;p.=page#;art.=article#;tél. Tél.=téléphone;av. Av.=avenue;bd Bd bd. Bd.=boulevard;\
                janv.=janvier;févr.=février;avr.=avril;juil.=juillet;sept.=septembre;oct.=octobre;nov.=novembre;\
                déc.=décembre;max.=maximum;min.=minimum;S.A.=S A;rdv RDV=rendez-vous;svp SVP=s'il vous plaît
                """,
            months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            monthAbbreviations: "janv. févr. - avr. - - juil. - sept. oct. nov. déc.",
            magnitudes:
                "k K=mille;mille=mille;million millions M=million|millions;milliard milliards Md Mds=milliard|milliards",
            codeWords: "code pin numéro compte commande ticket dossier réservation référence postal vol facture poste",
            yearWords: "en de depuis année l'an janvier décembre",
            fractions: "1/2=un demi;1/3=un tiers;2/3=deux tiers;1/4=un quart;3/4=trois quarts;"
                + "24/7=vingt-quatre heures sur vingt-quatre, sept jours sur sept"))

    static let italian = SpokenLanguage(
        .italian, numbers: ItalianNumbers.self,
        signs: Signs(
            minus: "meno", plus: "più", percent: "per cento", to: "a", dot: "punto", at: "chiocciola", dash: "trattino",
            underscore: "trattino basso", slash: "barra", and: "e", equals: "uguale a", times: "per",
            number: "numero", about: "circa", point: "punto"),
        tables: Tables(
            units: """
                km=chilometro|chilometri;m=metro|metri;cm=centimetro|centimetri;mm=millimetro|millimetri;\
                kg=chilo|chili;g gr=grammo|grammi;mg=milligrammo|milligrammi;l L=litro|litri;ml=millilitro|millilitri;\
                km/h=chilometro orario|chilometri orari;°C ℃=grado|gradi;°=grado|gradi;MB=megabyte;GB=gigabyte;TB=terabyte;\
                kWh=chilowattora;kW=chilowatt;W=watt;V=volt;m² mq=metro quadrato|metri quadrati;m³=metro cubo|metri cubi;\
                h=ora|ore!f;min=minuto|minuti;s sec=secondo|secondi;%=per cento
                """,
            currencies: """
                € EUR=euro+centesimo|centesimi;$ USD US$=dollaro|dollari+centesimo|centesimi;\
                £ GBP=sterlina|sterline!f+penny|pence;CHF=franco svizzero|franchi svizzeri+centesimo|centesimi;¥ JPY=yen+sen
                """,
            joint: "e",
            abbreviations: """
                Dott. dott.=dottor;Dott.ssa=dottoressa;Dr.=dottor;Sig. sig.=signor;Sig.ra=signora;Sig.na=signorina;Sigg.=signori;\
                Prof.=professor;Prof.ssa=professoressa;Ing.=ingegner;Avv.=avvocato;Geom.=geometra;ecc. ecc=eccetera;\
                p.es. es.=per esempio;n. n° N°=numero#;pag.=pagina#;pagg.=pagine#;tel. Tel.=telefono;P.za P.zza=piazza;\
                V.le=viale;C.so=corso;ca.=circa;art.=articolo#;max.=massimo;min.=minimo;S.p.A.=esse pi a;S.r.l.=esse erre elle
                """,
            months: "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
            magnitudes: "mila=mila;milione milioni=milione|milioni;miliardo miliardi=miliardo|miliardi",
            codeWords:
                "codice pin numero conto ordine ticket pratica prenotazione riferimento cap volo fattura interno",
            yearWords: "nel dal del anno fino dicembre gennaio",
            fractions: "1/2=mezzo;1/3=un terzo;2/3=due terzi;1/4=un quarto;3/4=tre quarti;"
                + "24/7=ventiquattro ore su ventiquattro, sette giorni su sette"))

    static let portuguese = SpokenLanguage(
        .portuguese, numbers: PortugueseNumbers.self,
        signs: Signs(
            minus: "menos", plus: "mais", percent: "por cento", to: "a", dot: "ponto", at: "arroba", dash: "hífen",
            underscore: "sublinhado", slash: "barra", and: "e", equals: "igual a", times: "vezes", number: "número",
            about: "cerca de", point: "ponto"),
        tables: Tables(
            units: """
                km=quilômetro|quilômetros;m=metro|metros;cm=centímetro|centímetros;mm=milímetro|milímetros;\
                kg=quilo|quilos;g=grama|gramas;mg=miligrama|miligramas;l L=litro|litros;ml=mililitro|mililitros;\
                km/h=quilômetro por hora|quilômetros por hora;°C ℃ ºC=grau|graus;°=grau|graus;MB=megabyte|megabytes;\
                GB=gigabyte|gigabytes;TB=terabyte|terabytes;kWh=quilowatt-hora|quilowatts-hora;W=watt|watts;V=volt|volts;\
                m²=metro quadrado|metros quadrados;m³=metro cúbico|metros cúbicos;h=hora|horas!f;min=minuto|minutos;\
                s seg=segundo|segundos;%=por cento
                """,
            currencies: """
                R$ BRL=real|reais+centavo|centavos;€ EUR=euro|euros+cêntimo|cêntimos;$ USD US$=dólar|dólares+centavo|centavos;\
                £ GBP=libra|libras!f+pêni|pence;CHF=franco suíço|francos suíços+cêntimo|cêntimos;¥ JPY=iene|ienes+sen
                """,
            joint: "e",
            abbreviations: """
                Dr.=doutor;Dra.=doutora;Sr.=senhor;Sra.=senhora;Srta.=senhorita;Prof.=professor;Profa.=professora;\
                etc.=etcétera;p.ex.=por exemplo;aprox.=aproximadamente;n.º nº N.º Nº núm.=número#;pág.=página#;págs.=páginas#;\
                tel. Tel.=telefone;Av.=avenida;R.=rua^;V.Exa.=vossa excelência;Cia.=companhia;apto.=apartamento;\
                máx.=máximo;mín.=mínimo;art.=artigo#;Ltda.=limitada;S.A.=esse a
                """,
            months: "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
            magnitudes: "mil=mil;milhão milhões mi=milhão|milhões;bilhão bilhões bi=bilhão|bilhões",
            codeWords: "código pin número conta pedido ticket caso reserva referência cep voo fatura ramal protocolo",
            yearWords: "em de desde ano até do dezembro janeiro",
            fractions: "1/2=meio;1/3=um terço;2/3=dois terços;1/4=um quarto;3/4=três quartos;"
                + "24/7=vinte e quatro horas por dia, sete dias por semana"))
}
