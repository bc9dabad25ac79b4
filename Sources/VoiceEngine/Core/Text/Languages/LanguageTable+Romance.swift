extension LanguageTable {
    static let spanish = LanguageTable(
        titles: words(
            "dr. dra. sr. sra. srta. sres. prof. profa. d. dña. ud. uds. vd. vds. p.ej. p. ej. avda. av. c. pza. arq. ing. lic. "
                + "aprox."),
        abbreviations: words("etc. a.m. p.m. ee.uu. s.a. s.l. cía. dpto. máx. mín."),
        numberWords: words("n.º núm. pág. págs. tel. art. no. nº. ext."),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,ajá,aja,sí,si,sí sí,vale,ok,okay,claro,ya,bueno,bien,muy bien,entiendo,ya veo,de acuerdo,"
                + "perfecto,exacto,ah,oh,eh,pues,cierto,correcto,por supuesto,claro que sí,eso es,genial,estupendo,"
                + "entendido,así es,exactamente,desde luego,sin problema,ah vale,ah ya,buenísimo,listo,dale,ándale,"
                + "órale,qué bien,está bien,seguro,comprendo,anda,efectivamente"),
        interruptions: phrases(
            "para,pare,alto,espera,espere,un momento,un segundo,momento,perdona,perdone,disculpe,disculpa,no no,"
                + "escuche,escucha,una pregunta,oiga,oye,basta,cancelar,cómo dice,repita,puede repetir,eso no,cállate,"
                + "un momentito"),
        alwaysHanging: words(
            "y e o u pero porque que si el la los las un una unos unas mi mis tu tus su sus del al eh este"),
        oftenHanging: words(
            "de a en con por para sin sobre entre hasta desde es son está soy como cuando donde no me se lo le muy"),
        expected: ExpectedPhrases(
            phone: phrases("teléfono,número de móvil,número de celular,móvil,celular,a qué número"),
            email: phrases("correo,email,e mail,mail"),
            address: phrases("dirección,domicilio,calle,dónde vive,código de calle"),
            date: phrases("fecha,qué día,cuándo,a qué hora,qué hora,nacimiento,cumpleaños,qué mes"),
            number: phrases(
                "número,cuántos,cuántas,cuánto,cuánta,código,pin,importe,cantidad,qué edad,dígitos,referencia"),
            name: phrases(
                "su nombre,tu nombre,nombre completo,apellido,apellidos,cómo se llama,cómo te llamas,quién habla,"
                    + "con quién hablo,deletrear,deletrearme,deletree,a nombre de quién,el nombre"),
            yesNo: words(
                "es está son quiere quieres desea puede puedo puedes tiene tienes le te necesita hay va prefiere "
                    + "sigue conoce ha has podría podemos quieren"),
            tags: phrases("verdad,correcto,no,de acuerdo,vale,cierto,está bien,le parece bien,es correcto"),
            requests: phrases(
                "dígame,dime,deme,dame,indíqueme,indique,necesito,me da,me dice,puede darme,podría darme,"
                    + "facilíteme,me puede,proporcione,deletree,confirme")))

    static let french = LanguageTable(
        titles: words("dr. m. mm. mme. mmes. mlle. me. pr. st. ste. p.ex. ex. c.-à-d. env. p."),
        abbreviations: words(
            "etc. av. bd. tél. janv. févr. avr. juil. sept. oct. nov. déc. max. min. s.a."),
        numberWords: words("n. p. art. no. chap. vol. fig."),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,oui,ouais,oui oui,ok,okay,d'accord,ah,ah oui,ah bon,bien,très bien,bon,voilà,exactement,"
                + "exact,je vois,entendu,parfait,bien sûr,c'est ça,euh,oh,tout à fait,ça marche,compris,je comprends,"
                + "super,génial,effectivement,absolument,c'est vrai,évidemment,pas de problème,ah d'accord,en effet,"
                + "bah oui,ben oui,mouais,vas y,allez y,c'est bien,c'est bon,ça va,certes,ah ok,hein"),
        interruptions: phrases(
            "stop,arrêtez,arrête,attendez,attends,un instant,une seconde,un moment,une minute,excusez moi,pardon,non non,"
                + "écoutez,écoute,une question,j'ai une question,comment ça,répétez,vous pouvez répéter,annuler,"
                + "c'est faux,ce n'est pas ça,taisez vous,tais toi,laissez moi"),
        alwaysHanging: words(
            "et ou mais donc car parce que qu' le la les l' un une des du mon ma mes ton ta tes son sa ses notre votre euh si"
        ),
        oftenHanging: words(
            "de d' à au aux en dans avec pour par sans sur sous chez est sont suis c'est je tu il elle nous vous ne pas très"
        ),
        expected: ExpectedPhrases(
            phone: phrases("numéro de téléphone,téléphone,numéro de portable,portable,à quel numéro,vous rappeler au"),
            email: phrases("e mail,email,mail,courriel,adresse électronique"),
            address: phrases("adresse,rue,où habitez,domicile"),
            date: phrases(
                "date,quel jour,quand,à quelle heure,quelle heure,né le,née le,naissance,anniversaire,quel mois"),
            number: phrases("numéro,combien,code,quel âge,montant,chiffres,référence"),
            name: phrases(
                "votre nom,ton nom,nom complet,nom de famille,prénom,vous appelez,tu t'appelles,qui est à l'appareil,"
                    + "à quel nom,épeler,épelez,le nom"),
            yesNo: words(
                "est êtes avez voulez voudriez souhaitez pouvez puis peut puis-je voulez-vous avez-vous "
                    + "êtes-vous souhaitez-vous pouvez-vous aimeriez préférez as veux peux désirez faut"),
            tags: phrases("n'est ce pas,d'accord,c'est bien ça,c'est ça,c'est correct,non,ça vous va,ça vous convient"),
            requests: phrases(
                "donnez moi,dites moi,indiquez,j'ai besoin,me donner,me dire,m'indiquer,il me faut,précisez,"
                    + "épelez,confirmez,communiquer,donne moi,dis moi,puis je avoir"),
            yesNoAnywhere: phrases("est ce que")))

    static let italian = LanguageTable(
        titles: words(
            "dott. dott.ssa dr. sig. sig.ra sigg. sig.na prof. prof.ssa ing. avv. geom. arch. rag. on. p.es. es. v.le p.za "
                + "p.zza c.so ca. s."),
        abbreviations: words(
            "ecc. a.c. d.c. s.p.a. s.r.l. max. min. gen. feb. mar. apr. mag. giu. lug. ago. sett. ott. nov. dic."),
        numberWords: words("n. nr. num. pag. pagg. tel. art. cap. vol. fig. int."),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,sì,si,sì sì,ok,okay,va bene,certo,bene,esatto,giusto,capisco,ho capito,capito,d'accord,"
                + "d'accordo,perfetto,ah,oh,eh,ah ecco,ecco,già,davvero,molto bene,benissimo,ottimo,certamente,"
                + "naturalmente,infatti,vero,è vero,chiaro,assolutamente,bello,ah sì,ah ok,sicuro,ovvio,proprio così,"
                + "nessun problema,tutto chiaro,allora,beh,mah,dai,interessante"),
        interruptions: phrases(
            "stop,basta,fermo,ferma,si fermi,fermati,aspetta,aspetti,un attimo,un momento,un secondo,momento,scusi,scusa,"
                + "no no,mi scusi,senta,senti,ascolti,una domanda,ho una domanda,come scusi,può ripetere,ripeta,annulla,"
                + "è sbagliato,non è così,zitto"),
        alwaysHanging: words(
            "e ed o ma però perché che se il lo la i gli le un uno una un' mio mia miei mie tuo tua suo sua nostro vostro "
                + "del della dei al alla nel nella ehm eh"),
        oftenHanging: words(
            "di a da in con su per tra fra è sono sei ho ha abbiamo non mi ti si ci come quando dove quale vorrei molto anche "
                + "più dal dalla sul sulla"),
        expected: ExpectedPhrases(
            phone: phrases("numero di telefono,telefono,cellulare,recapito,a che numero,a quale numero"),
            email: phrases("e mail,email,mail,posta elettronica"),
            address: phrases("indirizzo,via,dove abita,domicilio,residenza"),
            date: phrases(
                "data,che giorno,quale giorno,quando,a che ora,che ora,nascita,nato,nata,compleanno,che mese"),
            number: phrases("numero,quanti,quante,quanto,quanta,codice,pin,importo,cifre,che età,cap"),
            name: phrases(
                "suo nome,tuo nome,nome completo,cognome,come si chiama,come ti chiami,chi parla,con chi parlo,"
                    + "a che nome,scandire,sillabare,nome e cognome,il nome"),
            yesNo: words(
                "è sono vuole vuoi può puoi ha hai desidera le posso possiamo preferisce c'è va deve conosce gradisce "
                    + "vorrebbe potrebbe siete avete serve"),
            tags: phrases("giusto,vero,corretto,va bene,d'accordo,no,è corretto,le va bene,è giusto"),
            requests: phrases(
                "mi dica,dimmi,mi dia,dammi,mi serve,mi può dare,può darmi,può dirmi,mi indichi,indichi,"
                    + "ho bisogno,avrei bisogno,mi fornisca,confermi,mi lasci")))

    static let portuguese = LanguageTable(
        titles: words(
            "dr. dra. sr. sra. srta. srs. prof. profa. d. eng. p.ex. ex. av. r. v.exa. exmo. aprox. pça. trav."),
        abbreviations: words(
            "etc. a.m. p.m. s.a. ltda. cia. máx. mín. jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez. eua."),
        numberWords: words("n.º núm. num. pág. págs. tel. art. no. n. apto. ap."),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,aham,uhum,ahã,sim,sim sim,ok,okay,tá,tá bom,tá bem,está bem,está bom,certo,claro,entendi,"
                + "entendo,isso,isso mesmo,é,é isso,pois,pois é,pois sim,ah,oh,ah sim,bom,bem,muito bem,perfeito,exato,"
                + "exatamente,com certeza,beleza,legal,ótimo,sei,já sei,verdade,é verdade,de acordo,combinado,joia,"
                + "correto,sem problema,sem dúvida,maravilha,compreendo,percebo,pronto,né,ah tá,fixe,tudo bem"),
        interruptions: phrases(
            "pare,para,espera,espere,espera aí,um momento,um segundo,só um momento,só um minuto,um minuto,momento,"
                + "desculpe,desculpa,com licença,não não,escute,escuta,uma pergunta,tenho uma pergunta,como assim,"
                + "pode repetir,repita,chega,basta,cancela,cancelar,está errado,não é isso,peraí,calma"),
        alwaysHanging: words(
            "e ou mas porque que se o a os as um uma uns umas meu minha meus minhas seu sua nosso nossa do da dos das ao no na "
                + "pelo pela né hã"),
        oftenHanging: words(
            "de em com por para pra sem sobre entre até desde é são está sou como quando onde não me se lhe muito eu ele ela "
                + "nós você também mais quero preciso"),
        expected: ExpectedPhrases(
            phone: phrases("telefone,celular,telemóvel,número para contato,que número posso"),
            email: phrases("e mail,email,correio eletrônico,correio eletrónico"),
            address: phrases("endereço,morada,rua,onde mora,onde o senhor mora"),
            date: phrases(
                "data,que dia,qual dia,quando,que horas,a que horas,nascimento,aniversário,que mês,qual o dia"),
            number: phrases(
                "número,quantos,quantas,quanto,quanta,código,pin,valor,dígitos,cpf,cep,que idade,protocolo"),
            name: phrases(
                "seu nome,o nome,nome completo,sobrenome,apelido,como se chama,quem fala,com quem falo,soletrar,"
                    + "soletre,teu nome,em nome de quem"),
            yesNo: words(
                "é está são quer deseja pode posso tem gostaria precisa há vai prefere você o podemos podia foi "
                    + "queres podes tens conhece aceita"),
            tags: phrases("certo,correto,não é,né,tudo bem,está bem,tá bom,ok,está correto,pode ser,verdade"),
            requests: phrases(
                "me diga,diga me,me informe,informe,me dê,dê me,preciso,pode me dar,pode me dizer,me passe,"
                    + "poderia me,soletre,confirme,forneça,me fala,pode dizer me,pode dar me")))
}
