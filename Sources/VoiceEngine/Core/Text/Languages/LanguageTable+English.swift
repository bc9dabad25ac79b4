extension LanguageTable {
    static let english = LanguageTable(
        titles: words(
            "dr. mr. mrs. ms. prof. st. mt. rev. hon. gen. col. sgt. capt. lt. gov. sen. rep. messrs. vs. e.g. i.e. cf. "
                + "approx. incl. excl. tel. ph. mts. ft. attn."),
        abbreviations: words(
            "a.m. p.m. ph.d. b.sc. m.sc. b.a. m.a. etc. inc. ltd. co. corp. jr. sr. u.s. u.k. ave. blvd. rd. ext. dept. est. min. max. hr. hrs. "
                + "jan. feb. mar. apr. jun. jul. aug. sep. sept. oct. nov. dec. mon. tue. tues. wed. thu. thur. thurs. "
                + "fri."),
        numberWords: words("no. nos. p. pp. fig. vol. ch. sec. ext. apt."),
        joints: words("because but although though while whereas unless which"), links: words("and or so"),
        subjects: words(
            "i you we he she they it it's i'll i'm i've we'll we're we've you'll you're there there's that's this let "
                + "please then"),
        backchannels: phrases(
            "uh huh,mhm,mm hmm,mm,hm,hmm,yeah,yep,yup,yes,ok,okay,right,sure,alright,all right,i see,got it,gotcha,"
                + "uh,um,ah,oh,aha,wow,cool,great,nice,good,fine,of course,i know,true,exactly,really,oh okay,"
                + "makes sense,sounds good,huh,perfect,absolutely,definitely,certainly,understood,very good,very well,"
                + "fair enough,that's true,oh i see,yeah right,uh hum,no problem,go on,go ahead,lovely,"
                + "awesome,interesting,indeed,thanks,thank you,correct,i understand,i hear you,that's right,"
                + "that's fine,that's good,that's great,that works,works for me,sounds great,oh nice,oh wow,totally,"
                + "for sure,got you,amazing,excellent,fantastic,wonderful,very nice,not bad,you bet,roger,copy that,"
                + "mkay,okey dokey,yes sir,yes ma'am,no worries,oh good,oh right"),
        interruptions: phrases(
            "stop,wait,hold on,hang on,one moment,one second,just a second,just a moment,excuse me,no no,shut up,"
                + "be quiet,listen,let me,can i,i have a question,question,pardon,sorry what,what was that,say that again,"
                + "never mind,cancel,that's wrong,that's not right,actually,hold up,one sec,just a sec,sorry to interrupt,"
                + "can you repeat,could you repeat,repeat that,what did you say,i don't understand,that's incorrect,"
                + "that's enough,quiet,operator,representative,real person,speak to a human,talk to a human,start over,"
                + "go back,slow down"),
        alwaysHanging: words(
            "and or but because so that's the a an my your his our their its um uh er erm if when while although unless "
                + "since than i'm i'd i'll we're you're they're and/or i've we've you've they've he'd she'd we'd they'd we'll "
                + "they'll who's whose every mr mrs ms dr let's unless whereas"),
        oftenHanging: words(
            "for to is at in on of with from by about as like are was were am be the this these those that which who "
                + "whose what where how can could would should will do does did not i we you he she they it's between "
                + "until into over under through after before around without within toward towards during via another "
                + "need don't can't i'd per plus want need have has had maybe also just very"),
        expected: ExpectedPhrases(
            phone: phrases(
                "phone number,telephone number,mobile number,cell number,number to reach,number to call,"
                    + "callback number,reach you at,call you back on"),
            email: phrases("email,e mail,mail address"),
            address: phrases(
                "your address,delivery address,shipping address,billing address,street,postal address,"
                    + "where do you live,home address,the address"),
            date: phrases(
                "date,what day,which day,when would,when were,when was,when did,when do,when is,when are,"
                    + "birthday,what time,which time,what month,born"),
            number: phrases(
                "number,code,how many,how much,how old,zip,postcode,pin,digits,amount,reference,what size,"
                    + "account number,id"),
            name: phrases(
                "your name,full name,last name,first name,surname,spell,who am i speaking,who is calling,"
                    + "may i ask who,whose name,the name,what name"),
            yesNo: words(
                "is are am was were do does did can could would will shall should may have has had isn't aren't "
                    + "don't doesn't won't wouldn't shouldn't can't right correct okay ok"),
            tags: phrases("is that right,is that correct,right,correct,okay,ok,does that work,would you like that"),
            requests: phrases(
                "tell me,give me,may i have,can i have,could i have,can i get,could i get,i need,i'll need,"
                    + "provide,please say,please enter,please spell,share,confirm your,let me have,say your,could you spell,can you spell,would you spell"
            )))
}
