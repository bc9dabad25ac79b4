extension LanguageTable {
    static let spanish = LanguageTable(
        titles: words(
            "dr. dra. sr. sra. srta. sres. prof. profa. ee. ej. d. dña. ud. uds. vd. vds. p.ej. p. ej. avda. av. c. pza. arq. ing. lic. "
                + "aprox."),
        abbreviations: words(
            "etc. a.m. p.m. ee.uu. uu. h. hs. hrs. min. lun. mar. mié. jue. vie. sáb. dom. izq. dcha. s.a. s.l. cía. dpto. máx. mín."
        ),
        numberWords: words("n.º núm. pág. págs. tel. art. no. nº. ext."),
        joints: words("pero porque aunque mientras sino"), links: words("y e o así"),
        subjects: words(
            "yo usted ustedes nosotros él ella ellos le les se te me nos puede puedo podemos también después luego "
                + "entonces así ahora"),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,ajá,aja,sí,si,sí sí,vale,ok,okay,claro,ya,bueno,bien,muy bien,entiendo,ya veo,de acuerdo,"
                + "perfecto,exacto,ah,oh,eh,pues,cierto,correcto,por supuesto,claro que sí,eso es,genial,estupendo,"
                + "entendido,así es,exactamente,gracias,muchas gracias,sí gracias,vale gracias,ok gracias,ya entiendo,ya entendí,"
                + "ah bueno,sí claro,excelente,súper,fantástico,no hay problema,me parece bien,de nada,sale,va,simón,"
                + "ah okay,ajá sí,mmm,lo entiendo,correctísimo,desde luego,sin problema,ah vale,ah ya,buenísimo,listo,dale,ándale,"
                + "órale,qué bien,está bien,seguro,comprendo,anda,efectivamente"),
        interruptions: phrases(
            "para,pare,alto,espera,espere,un momento,un segundo,momento,perdona,perdone,disculpe,disculpa,no no,"
                + "escuche,escucha,una pregunta,oiga,oye,basta,cancelar,cómo dice,repita,puede repetir,eso no,cállate,detente,deténgase,pará,esperá,aguarde,aguante,permítame,"
                + "déjeme hablar,tengo una pregunta,no entiendo,no entendí,más despacio,operador,un agente,una persona,"
                + "está mal,incorrecto,no es así,olvídelo,perdón cómo,silencio,"
                + "un momentito"),
        alwaysHanging: words(
            "y e o u pero porque que si el la los las un una unos unas mi mis tu tus su sus del al eh este nuestro nuestra aunque según donde cuyo ningún cada sino ni"
        ),
        oftenHanging: words(
            "de a en con por para sin sobre entre hasta desde es son está soy como cuando donde no me se lo le muy quiero necesito tengo tiene hay más menos también puedo quisiera "
                + "gustaría durante tras bajo unos ser ha he esta estos estas ese esa pues"),
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
        titles: words("dr. m. mm. mme. mmes. mlle. me. pr. av. bd. st. ste. p.ex. ex. c.-à-d. env. p."),
        abbreviations: words(
            "etc. lun. mar. mer. jeu. ven. sam. dim. ex. tél. janv. févr. avr. juil. sept. oct. nov. déc. max. min. s.a."
        ),
        numberWords: words("n. p. art. no. chap. vol. fig."),
        joints: words("mais car puisque parce"), links: words("et ou donc"),
        subjects: words(
            "je j'ai vous nous il elle ils elles on c'est cela ça tu ensuite puis je vais si j'aurais qu'il"),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,oui,ouais,oui oui,ok,okay,d'accord,ah,ah oui,ah bon,bien,très bien,bon,voilà,exactement,"
                + "exact,je vois,entendu,parfait,bien sûr,c'est ça,euh,oh,tout à fait,ça marche,compris,je comprends,"
                + "super,génial,effectivement,absolument,c'est vrai,évidemment,pas de problème,ah d'accord,en effet,"
                + "bah oui,ben oui,mouais,vas y,allez y,c'est bien,c'est bon,ça va,certes,ah ok,hein,merci,merci beaucoup,oui merci,d'accord merci,c'est noté,noté,c'est parfait,"
                + "tant mieux,volontiers,ok d'accord,ouais d'accord,mm d'accord,impeccable,nickel,top,"
                + "excellent,formidable,je vous suis,ça me va,pas de souci,aucun problème,mmh,ah voilà"),
        interruptions: phrases(
            "stop,arrêtez,arrête,attendez,attends,un instant,une seconde,un moment,une minute,excusez moi,pardon,non non,"
                + "écoutez,écoute,une question,j'ai une question,comment ça,répétez,vous pouvez répéter,annuler,"
                + "c'est faux,ce n'est pas ça,taisez vous,tais toi,laissez moi,stoppez,un petit instant,patientez,"
                + "je ne comprends pas,j'ai pas compris,je n'ai pas compris,plus lentement,un conseiller,"
                + "un être humain,une vraie personne,ça suffit,laissez tomber,c'est pas ça,mais non,désolé"),
        alwaysHanging: words(
            "et ou mais donc car parce que qu' le la les l' un une des du mon ma mes ton ta tes son sa ses notre votre nos vos leur leurs ce cet cette ces euh si puisque lorsque quand dont chaque ni comme j'ai"
        ),
        oftenHanging: words(
            "de d' à au aux en dans avec pour par sans sur sous chez est sont suis c'est je tu il elle nous vous ne pas très plus entre depuis pendant vers contre jusqu'à avant après environ voudrais "
                + "veux peux ai est-ce où qui y sera être"
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
        joints: words("ma perché però mentre poiché"), links: words("e ed o quindi"),
        subjects: words("io lei noi lui le ci si posso può possiamo poi dopo anche sono vorrei mi ti vi questo"),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,sì,si,sì sì,ok,okay,va bene,certo,bene,esatto,giusto,capisco,ho capito,capito,d'accord,"
                + "d'accordo,perfetto,ah,oh,eh,ah ecco,ecco,già,davvero,molto bene,benissimo,ottimo,certamente,"
                + "naturalmente,infatti,vero,è vero,chiaro,assolutamente,bello,ah sì,ah ok,sicuro,ovvio,proprio così,"
                + "nessun problema,tutto chiaro,allora,beh,mah,dai,interessante,grazie,grazie mille,sì grazie,ok grazie,"
                + "va benissimo,perfetto grazie,eccellente,fantastico,d'accordissimo,sì certo,sì esatto,mi sembra giusto,"
                + "ah capisco,ah bene,ah va bene,senz'altro,volentieri,ci mancherebbe,sì va bene,okay va bene,"
                + "ricevuto,inteso,prego"),
        interruptions: phrases(
            "stop,basta,fermo,ferma,si fermi,fermati,aspetta,aspetti,un attimo,un momento,un secondo,momento,scusi,scusa,"
                + "no no,mi scusi,senta,senti,ascolti,una domanda,ho una domanda,come scusi,può ripetere,ripeta,annulla,"
                + "è sbagliato,non è così,zitto,attenda,un secondino,un attimino,aspetti un attimo,mi lasci parlare,"
                + "non capisco,non ho capito,più lentamente,un operatore,una persona,lasci perdere,lascia perdere,"
                + "sbagliato,no aspetti,perdoni,silenzio,mi perdoni"),
        alwaysHanging: words(
            "e ed o ma però perché che se il lo la i gli le un uno una un' mio mia miei mie tuo tua suo sua nostro vostro "
                + "del dello della dei degli delle al allo alla ai alle nel nello nella nei nelle ehm eh "
                + "ogni né oppure siccome mentre poiché signor"),
        oftenHanging: words(
            "di a da in con su per tra fra è sono sei ho ha abbiamo non mi ti si ci come quando dove quale vorrei molto anche "
                + "più dal dallo dalla dai sul sullo sulla sui fino durante verso senza sotto sopra contro dopo prima devo posso "
                + "voglio c'è un'altra quello quella questo questa"),
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
        joints: words("mas porque porém enquanto embora"), links: words("e ou então"),
        subjects: words("eu você vocês nós ele ela eles posso pode podemos depois também vou vamos lhe isso"),
        backchannels: phrases(
            "mhm,mm hmm,hm,hmm,aham,uhum,ahã,sim,sim sim,ok,okay,tá,tá bom,tá bem,está bem,está bom,certo,claro,entendi,"
                + "entendo,isso,isso mesmo,é,é isso,pois,pois é,pois sim,ah,oh,ah sim,bom,bem,muito bem,perfeito,exato,"
                + "exatamente,com certeza,beleza,legal,ótimo,sei,já sei,verdade,é verdade,de acordo,combinado,joia,"
                + "correto,sem problema,sem dúvida,maravilha,compreendo,percebo,pronto,né,ah tá,fixe,tudo bem,obrigado,obrigada,muito obrigado,muito obrigada,tá certo,tá legal,"
                + "tá joia,tá ótimo,show,bacana,excelente,maravilhoso,com prazer,pode ser,por mim tudo bem,está certo,"
                + "isso aí,é verdade sim,sim claro,sim senhor,sim senhora,ok obrigado,ok obrigada,exatamente isso,"
                + "ah entendi,ah certo,valeu,compreendi,percebi,de nada"),
        interruptions: phrases(
            "pare,para,espera,espere,espera aí,um momento,um segundo,só um momento,só um minuto,um minuto,momento,"
                + "desculpe,desculpa,com licença,não não,escute,escuta,uma pergunta,tenho uma pergunta,como assim,"
                + "pode repetir,repita,chega,basta,cancela,cancelar,está errado,não é isso,peraí,calma,aguarde,aguenta,espere um pouco,espera um pouco,só um segundo,"
                + "me deixa falar,deixa eu falar,não entendi,não percebi,mais devagar,atendente,uma pessoa,tá errado,"
                + "errado,esquece,esqueça,silêncio,perdão,perdoe,alto aí"),
        alwaysHanging: words(
            "e ou mas porque que se o a os as um uma uns umas meu minha meus minhas seu sua nosso nossa do da dos das ao no na "
                + "pelos pelas pelo pela né hã nossos nossas cada nem nos nas num numa embora "
                + "enquanto"),
        oftenHanging: words(
            "de em com por para pra sem sobre entre até desde é são está sou como quando onde não me se lhe muito eu ele ela "
                + "nós você também mais quero preciso posso tenho tem há menos durante contra sob após antes depois ser seria gostaria "
                + "foi era este esta esse essa aquele aquela"),
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
