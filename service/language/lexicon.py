"""Word lists: what is said in other words, what carries no content, which names are countries.

General English and general geography only: nothing here belongs to any corpus.
"""

# Words that hold a sentence together and say nothing of its subject.
FUNCTION = frozenset(
    """a an the this that these those such same other another any some each every both either neither all half no not
    i me my mine we our ours you your yours he him his she her hers it its they them their theirs one ones who whom
    whose which what when where why how there here and or but nor so yet if then than as because since while although
    though unless until whether of in on at by for with about against between among amongst into through during before
    after above below to from up down out off over under again further once per via upon onto within without toward
    towards across along around amid amidst behind beneath beside besides beyond like unlike be am is are was were been being do does did done doing have has had
    having will would shall should can could may might must ought need let too very just only also even still already
    more most less least many much few little several enough own s t d ll re ve m don didn doesn isn aren wasn weren
    won cannot wouldn couldn shouldn can anybody anyone somebody someone nobody everybody everyone anything something nothing everything hasn haven hadn ain please etc co ever never now els elsewhere however therefore thus
    hence meanwhile yes ok""".split()
)

# Words of questions and of reporting that rarely decide whether a sentence answers: they weigh little.
LIGHT = frozenset(
    """say said says tell told state mention describe explain report note add call speak talk comment remark announce
    ask make made get got give gave given take took go went come came happen occur take place thing way kind type sort
    name part lot number amount total exact exactly currently know known think mean want would like people person man
    woman year day month week time date article articles news story source text passage main key major important new
    first last next recent recently latest today now during according regard regarding concern concerning relate
    involve include including various different several specific particular general overall also any anything
    something someone anyone everybody everyone use used using set put be become became country nation place city
    plan aim hope try seek want intend expect look need role reason purpose result serve work do done deal say
    detail information word term phrase exist live remain actual actually really example instance case fact""".split()
)

# Groups of words that news uses for one another; a group is matched as one word, at a discount.
SYNONYMS = """
acquire buy purchase procure obtain acquisition procurement get receive order
co-produce coproduce co-production manufacture produce production build make assemble fabricate
meeting talks dialogue discussion deliberation negotiation conversation summit consultation
meet talk discuss hold
discuss deliberate debate cover address touch topic subject theme issue agenda feature figure focus talk raise
start begin launch commence inaugurate introduce initiate inception open found establish date
end finish conclude close stop cease terminate halt
ask urge call request demand appeal want tell exhort press
agree agreement deal accord pact treaty
sign ink conclude
pledge promise commit vow undertake
say state tell note mention add remark declare announce claim describe comment stress emphasise highlight underscore underline assert argue observe express
confirm affirm verify reaffirm clarify
condemn denounce criticise decry deplore
attack strike assault raid bombing
kill murder die slay assassinate death dead fatality killing
injure wound hurt injury casualty
help assist aid support assistance back
supplier provider vendor supply
supply deliver delivery provide
weapon arm armament munition
drone uav unmanned aerial vehicle aircraft
plane aircraft jet airliner
vehicle car
ship vessel boat
war conflict invasion fighting hostilities
crisis conflict
dispute row rift quarrel fallout disagreement difference spat feud tension
murder assassination killing
student pupil
diaspora origin community expatriate emigrant
trade commerce business
worth value valued cost price amount
cost price expense spend
money fund funding finance investment
invest investment spending spend
firm company corporation business enterprise maker manufacturer
military armed
soldier troop force army
external foreign
represent head lead
ceo executive
lead head co-chair chair preside
delegation team side contingent delegate
counterpart colleague opposite
visit trip tour travel journey go
travel movement movement
pm premier
annual yearly
stance position view attitude opinion
difference disagreement divergence differ disagree
purpose aim goal objective target
aim seek intend hope plan want goal
plan intend propose intention aim roadmap blueprint scheme
roadmap plan blueprint
cooperation collaboration partnership cooperate collaborate partner work together
strengthen boost bolster enhance deepen expand reinforce increase ramp elevate improve firm upgrade
reduce cut lower decrease lessen shrink decline drop fall slash
increase raise rise grow growth climb hike expand gain jump
reliance dependence depend rely dependent
counterweight counterbalance balance
counter combat fight tackle oppose
threat danger risk challenge
challenge problem difficulty
concern worry fear
aggression aggressive assertive assertiveness belligerence
region area zone
host organise stage hold
venue location place site
release free freedom liberate
hostage captive
civilian civilians noncombatant
humanitarian relief
justice trial
perpetrator culprit attacker
terrorist militant extremist terror terrorism
group organisation outfit organization body
ban outlaw prohibit proscribe
smooth seamless
smuggling trafficking
narcotics drug
piracy pirate
sea maritime naval ocean seabed
engine motor
technology tech technological
mineral minerals metal
repair overhaul maintenance fix
liaison contact coordination
relation relationship tie bond link
close near
approve endorse pass clear authorise
reject refuse decline deny turn
win victory triumph beat defeat
lose loss
election vote poll ballot
court judge tribunal
ruling verdict judgment decision
decide rule decision
resign quit
appoint name nominate choose
dismiss fire sack remove
storm hurricane cyclone typhoon
flood flooding inundation
evacuate displace flee
rain rainfall
rate interest
inflation price
raise hike lift
merge merger combine acquisition takeover
takeover acquisition buyout
trial study test
vaccine jab shot inoculation
effective efficacy effectiveness
patient participant volunteer
rocket launcher
satellite spacecraft probe craft
orbit space
goal score
match game final
player footballer
coach manager
spectator fan crowd attendance supporter
referee official
employ hire employee staff worker workforce job
layoff redundancy
profit earning income
shareholder investor stockholder
city town municipality
mayor
governor
river
dam
police officer
arrest detain custody
sentence jail prison imprison
charge accuse allege allegation accusation
lawsuit suit sue case
fine penalty
child kid children
doctor physician
hospital clinic
cause reason spark trigger
reason why because
affect impact
opening inaugural
remark comment speech statement address
praise laud hail commend welcome appreciate
welcome appreciate
thank gratitude
vision goal
pillar cornerstone
substantive substantial meaningful
fast quick rapid
big large huge vast
begin start
send dispatch
letter note
reply respond answer response
quick expedite speed accelerate hasten
progress advance headway
edition round instalment
participate attend join take
attendee participant
picture photo photograph
"""

# Pairs that are near in meaning and say the opposite; never taken for one another.
ANTONYMS = """
buy sell; purchase sale; buyer seller; acquire sell; import export; win lose; start end; begin finish; open close;
rise fall; increase decrease; raise lower; gain loss; grow shrink; strengthen weaken; accept reject; approve reject;
support oppose; allow ban; permit prohibit; agree disagree; confirm deny; praise criticise; welcome condemn;
praise condemn; arrive leave; enter exit; join leave; join quit; appoint dismiss; hire fire; love hate; ally enemy;
friend enemy; attack defend; free arrest; release arrest; release detain; release capture; alive dead; survive die;
birth death; marry divorce; peace war; success failure; succeed fail; victory defeat; profit loss; first last;
early late; before after; north south; east west; upper lower; male female; man woman; boy girl; men women; import sell; lend borrow;
cancel confirm; cancel schedule; delay expedite; postpone expedite; suspend resume; withdraw deploy; withdraw join;
break make; destroy build; damage repair; abandon pursue; sever strengthen; cut raise; cut boost; ease tighten;
maximum minimum; most least; high low; old new; domestic foreign; public private; guilty innocent; convict acquit;
boycott attend; skip attend; refuse agree; decline accept; hide reveal; spend earn; give receive; teach learn;
question answer; defence finance; foreign home; foreign finance; defence home; external internal; external home
"""

# name: demonyms and other names; its capital, by which news calls its government
COUNTRIES = """
afghanistan: afghan afghans: kabul
albania: albanian: tirana
algeria: algerian: algiers
angola: angolan: luanda
argentina: argentine argentinian: buenos aires
armenia: armenian: yerevan
australia: australian: canberra
austria: austrian: vienna
azerbaijan: azerbaijani azeri: baku
bahrain: bahraini: manama
bangladesh: bangladeshi: dhaka
belarus: belarusian: minsk
belgium: belgian:
bhutan: bhutanese: thimphu
bolivia: bolivian: la paz
bosnia: bosnian: sarajevo
botswana: : gaborone
brazil: brazilian: brasilia
bulgaria: bulgarian: sofia
burkina faso: burkinabe: ouagadougou
myanmar: burma burmese: naypyidaw
burundi: burundian:
cambodia: cambodian: phnom penh
cameroon: cameroonian: yaounde
canada: canadian: ottawa
chad: chadian:
chile: chilean: santiago
china: chinese: beijing
colombia: colombian: bogota
congo: congolese: kinshasa
costa rica: costa rican: san jose
croatia: croatian croat: zagreb
cuba: cuban: havana
cyprus: cypriot: nicosia
czech republic: czech czechia: prague
denmark: danish dane: copenhagen
dominican republic: dominican:
ecuador: ecuadorian: quito
egypt: egyptian: cairo
el salvador: salvadoran:
eritrea: eritrean:
estonia: estonian: tallinn
ethiopia: ethiopian: addis ababa
fiji: fijian:
finland: finnish finn: helsinki
france: french frenchman: paris
gabon: gabonese:
georgia: georgian: tbilisi
germany: german: berlin
ghana: ghanaian: accra
greece: greek: athens
guatemala: guatemalan:
guinea: guinean:
haiti: haitian:
honduras: honduran:
hungary: hungarian: budapest
iceland: icelandic icelander: reykjavik
india: indian bharat: new delhi, delhi
indonesia: indonesian: jakarta
iran: iranian: tehran
iraq: iraqi: baghdad
ireland: irish: dublin
israel: israeli: jerusalem
italy: italian: rome
ivory coast: ivorian:
jamaica: jamaican:
japan: japanese: tokyo
jordan: jordanian: amman
kazakhstan: kazakh: astana
kenya: kenyan: nairobi
kosovo: kosovar: pristina
kuwait: kuwaiti:
kyrgyzstan: kyrgyz: bishkek
laos: lao laotian: vientiane
latvia: latvian: riga
lebanon: lebanese: beirut
liberia: liberian:
libya: libyan: tripoli
lithuania: lithuanian: vilnius
luxembourg: luxembourger:
madagascar: malagasy:
malawi: malawian:
malaysia: malaysian: kuala lumpur
maldives: maldivian: male
mali: malian: bamako
malta: maltese:
mauritius: mauritian:
mexico: mexican:
moldova: moldovan: chisinau
mongolia: mongolian: ulaanbaatar
montenegro: montenegrin:
morocco: moroccan: rabat
mozambique: mozambican: maputo
namibia: namibian:
nepal: nepali nepalese: kathmandu
netherlands: dutch holland: the hague
new zealand: new zealander kiwi: wellington
nicaragua: nicaraguan:
niger: nigerien:
nigeria: nigerian: abuja
north korea: north korean dprk: pyongyang
north macedonia: macedonian: skopje
norway: norwegian: oslo
oman: omani: muscat
pakistan: pakistani: islamabad
palestine: palestinian: ramallah
panama: panamanian:
paraguay: paraguayan:
peru: peruvian: lima
philippines: filipino philippine: manila
poland: polish pole: warsaw
portugal: portuguese: lisbon
qatar: qatari: doha
romania: romanian: bucharest
russia: russian: moscow
rwanda: rwandan: kigali
saudi arabia: saudi: riyadh
senegal: senegalese: dakar
serbia: serbian serb: belgrade
sierra leone: sierra leonean:
singapore: singaporean:
slovakia: slovak: bratislava
slovenia: slovenian slovene: ljubljana
somalia: somali: mogadishu
south africa: south african: pretoria
south korea: south korean: seoul
south sudan: south sudanese: juba
spain: spanish spaniard: madrid
sri lanka: sri lankan: colombo
sudan: sudanese: khartoum
sweden: swedish swede: stockholm
switzerland: swiss: bern
syria: syrian: damascus
taiwan: taiwanese: taipei
tajikistan: tajik: dushanbe
tanzania: tanzanian: dodoma
thailand: thai: bangkok
tunisia: tunisian: tunis
turkey: turkish turk turkiye: ankara
turkmenistan: turkmen: ashgabat
uganda: ugandan: kampala
ukraine: ukrainian: kyiv, kiev
united arab emirates: emirati uae: abu dhabi
united kingdom: british briton britain uk u.k.: london
united states: american america usa u.s. u.s.a. us: washington
uruguay: uruguayan: montevideo
uzbekistan: uzbek: tashkent
venezuela: venezuelan: caracas
vietnam: vietnamese: hanoi
yemen: yemeni: sanaa
zambia: zambian: lusaka
zimbabwe: zimbabwean: harare
europe: european:
africa: african:
asia: asian:
latin america: :
middle east: :
european union: eu e.u.: brussels
united nations: un u.n.:
"""

# Verbs after or before which stands who said it.
SAYING = frozenset(
    """say tell state note add remark declare announce claim comment stress emphasise emphasize highlight underscore
    underline assert argue observe express explain warn insist reiterate confirm affirm reaffirm clarify mention
    describe point address acknowledge admit deny suggest recall urge call ask appeal condemn praise pledge promise
    vow hope believe think write tweet post quote respond reply speak tout hail criticise criticize accuse allege
    dismiss reject defend back joke complain caution signal indicate testify concede maintain thank apologise apologize
    report predict estimate forecast welcome voice raise propose""".split()
)

IRREGULAR = {
    form: base
    for base, *forms in (
        line.split()
        for line in """overtake overtook overtaken;overcome overcame;shake shook shaken;wake woke woken;freeze froze frozen;swim swam swum;dig dug;feed fed;hang hung;grind ground;bind bound;swing swung
        forgive forgave forgiven;overthrow overthrew overthrown;oversee oversaw overseen;hide hid hidden;eat ate eaten;sit sat;sweep swept;creep crept;weep wept;stick stuck;bend bent;slide slid;bleed bled;breed bred
        send sent;lead led;build built;hold held;buy bought;make made;say said;meet met;tell told;go went gone
        take took taken;win won;lose lost;sell sold;leave left;become became;begin began begun;bring brought
        catch caught;choose chose chosen;fall fell fallen;fight fought;find found;give gave given;grow grew grown
        know knew known;pay paid;rise rose risen;run ran;see saw seen;speak spoke spoken;spend spent;stand stood
        strike struck;teach taught;think thought;wear wore worn;write wrote written;shoot shot;seek sought
        draw drew drawn;drive drove driven;break broke broken;fly flew flown;get got gotten;hear heard;keep kept
        mean meant;ride rode ridden;sink sank sunk;steal stole stolen;swear swore sworn;throw threw thrown
        undertake undertook undertaken;withdraw withdrew withdrawn;arise arose arisen;feel felt;flee fled;lend lent
        forbid forbade forbidden;deal dealt;bear bore born;lay laid;die dying;child children;person people
        free freed;beat beaten;bus buses;gas gases;man men;woman women;life lives;wife wives""".replace(
            "\n", ";"
        ).split(";")
    )
    for form in forms
}

# Titles before a name: written with a capital, and no names.
TITLES = frozenset(
    """president prime minister secretary senator governor chancellor ambassador king queen prince princess pope mayor
    judge justice professor captain chairman chairwoman chief executive director commissioner spokesman spokeswoman
    spokesperson officer leader head state defence defense foreign external affairs deputy vice former""".split()
)

NEGATIONS = frozenset("not no never none nobody nothing neither nor without cannot n't denied denies deny".split())

MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan;february feb;march mar;april apr;may;june jun;july jul;august aug;september sept sep;october oct;"
        "november nov;december dec".split(";"),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
ORDINAL_WORDS = {
    word: value
    for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}
SCALES = {
    "hundred": 100.0, "thousand": 1e3, "k": 1e3, "lakh": 1e5, "lakhs": 1e5, "million": 1e6, "millions": 1e6, "mn": 1e6,
    "m": 1e6, "crore": 1e7, "crores": 1e7, "billion": 1e9, "billions": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
    "trillions": 1e12, "tn": 1e12, "dozen": 12.0, "dozens": 12.0,
}  # fmt: skip
