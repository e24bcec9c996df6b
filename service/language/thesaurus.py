"""What a sentence may say in other words, and what it may not: general English, none of it from any corpus.

Wider than `lexicon.SYNONYMS`, which decides what answers a question: here the two texts are known to be of one matter.
"""

# Words that news uses for one another; a word may stand in several groups.
GROUPS = """
faulty defective flawed broken
excavate unearth dig uncover
scrub scrap cancel abort
complaint criticism accusation objection
site spot location place
overflow burst flood
unfold open extend deploy
produce deliver generate supply
view see regard consider
tour trip visit journey
effort move attempt bid
remainder rest
cover lie beneath
cheap inexpensive
reach stretch extend span
seabed seafloor ocean-floor
restart resume reopen
flat level unchanged steady
pay earn receive
force oblige compel
leave flee evacuate
voyage journey mission
injure hurt wound
huge vast enormous massive
begin commence launch
home house residence
worker employee staff
bonus premium reward
bill law legislation measure act
lawmaker legislator deputy parliament
together jointly joint
adhere honour fulfil observe
able capacity capable ability
effort initiative drive
press urge push
matter important importance
host house
study attend learn
minority minorities
help boost assist
yearly annual annually
stretch reach extend span
drop fall down
promise commit pledge vow
rise increase up
field area sphere domain sector
hit strike collide collision crash ram
leave dead kill
travel ride journey
challenge contest dispute appeal
outcome result
notice observe spot
stay remain
publish report
voice express state regret
alter change
return resume restore again back
reintroduce resume restore
publish report release present
finish complete completion
demand require
closer enhance strengthen deepen
create establish
under underway ongoing
charge fee
free gratis
abandon drop scrap ditch shelve discard
accept embrace adopt
accident crash collision wreck
accommodate house shelter lodge
accuse charge allege indict
accelerate hasten hurry quicken
achieve accomplish attain reach meet
acquit clear exonerate
act action step measure move
act law legislation statute bill
activist campaigner protester demonstrator
actual real true genuine
adapt adjust modify alter
add include append
additional extra further more another
address tackle confront handle
adjacent near nearby neighbouring close
administer manage operate oversee supervise
admit acknowledge concede confess
adult grown-up
advance progress
advance move push march
advertise promote publicise market
advise counsel recommend suggest
affect influence impact hit hurt
afraid scared fearful frightened
age old
agency body authority
agree consent accept approve concur
aid help assist assistance support relief back
aim goal objective target purpose
air broadcast
aircraft plane airplane jet airliner
alcohol drink liquor
allege claim contend maintain assert
allocate earmark assign devote dedicate allot
allow let permit enable authorise
alter change modify amend revise shift
ambitious bold
amount sum total figure quantity
ancient old
anger outrage fury rage ire
angry furious irate enraged
animal creature beast
announce unveil reveal declare disclose publicise
answer reply respond response
anticipate expect foresee
apartment flat
apologise sorry regret apology
apparent evident clear obvious
appear seem emerge surface
appearance look
applicant candidate contender
apply request
appoint name nominate pick choose select install hire
appointment nomination selection
approve endorse back pass ratify okay authorise sanction green-light adopt
approval endorsement permission consent authorisation clearance
approximately about around roughly nearly some
area region zone district territory
argue contend maintain insist
argument dispute row quarrel
army military troop force soldier
arrange organise plan
arrest detain apprehend seize capture nab custody
arrive reach land
artefact object relic
article piece story report
ask request urge want demand beg invite plead query
assassinate murder kill
assemble gather meet convene congregate
assess evaluate judge appraise review gauge
asset property holding
assign allocate
assistance help aid support
assistant aide deputy
associate partner colleague link connect
attack assault strike raid offensive
attempt try bid effort seek endeavour
attend visit participate join
attendance crowd turnout
attorney lawyer solicitor barrister counsel
attract draw lure
audience viewer spectator crowd
audit review inspection examination
author writer
authority official
automobile car vehicle
available accessible
average mean
avert prevent avoid
avoid evade dodge shun prevent
award prize honour trophy medal
award grant present bestow confer
aware conscious
baby infant newborn
ban prohibit bar forbid outlaw block
bank lender
bankrupt insolvent bankruptcy insolvency
bar pub
bargain deal
barrier obstacle hurdle
base headquarters
base found ground
battle fight combat clash
beach shore coast
beat defeat win victory overcome
become turn
begin start commence launch open
behaviour conduct
belief view opinion
believe think consider feel
benefit advantage gain
besides plus
big large major huge sizeable substantial significant considerable vast enormous giant
bill invoice
birthplace hometown
blame fault
blast explosion detonation bombing explode
blaze fire inferno wildfire
block stop prevent obstruct halt bar
board panel committee directors
boat vessel ship craft ferry
body corpse remains
body organisation
bomb explosive device
bond link tie
book novel title volume
book reserve
boost increase raise lift strengthen enhance improve
border frontier
boss chief head manager leader executive
bother trouble
boundary border limit
branch outlet store office
break smash shatter
break pause recess
breach violate break infringe violation
brief short
brief inform
broad wide
broken damaged
build construct erect construction
building structure block edifice
burn scorch
burglar thief robber
business company firm enterprise corporation
busy crowded
buy purchase acquire acquisition
cabinet government
calculate compute reckon estimate
name dub term label describe
phone telephone ring
urge demand appeal ask
campaign drive push
cancel scrap axe abandon
cancer tumour
candidate contender nominee hopeful
capital fund money
capture seize
car vehicle automobile
care treatment
careful cautious
cargo freight shipment
transport convey
conduct perform
case instance
case lawsuit suit
cash money
casualty victim death injury
catastrophe disaster calamity
cause trigger spark provoke prompt result lead create blame
cautious wary careful
celebrate mark commemorate
central main key
centre hub
certain sure
chair head lead preside
challenge difficulty problem
challenge contest appeal
champion winner titleholder
championship title tournament competition
chance opportunity likelihood probability
change alter shift modify switch transform
charge fee cost price
charge accuse
charity nonprofit foundation
cheap inexpensive affordable
check inspect examine verify
cheer applaud
chemical substance
chief head boss leader
child kid youngster minor youth boy girl
choose pick select opt decide
choice option selection
church chapel
cinema theatre movie
citizen resident national people
city town municipality
civic municipal
claim assert allege contend
class lesson course
clean clear
clear evident obvious
cleric priest imam
client customer
climb rise ascend increase
close shut closure closing
close near
clothes clothing garment
club team side
coach train
coach manager trainer
coalition alliance bloc
coast shore seaside coastline
cold chilly
collaborate cooperate work partner
collapse crumble fall fail
collect gather
college university school
combine merge join unite pool
command order
comment remark statement
commercial business
commission panel body
commit pledge promise
committee panel
common widespread shared
communicate contact
community town village
company firm business corporation group manufacturer maker
compare contrast
compensate reimburse compensation
compete vie rival
competition contest race
competitor rival
complain object complaint
complete finish conclude finalise
complete full whole entire total
completion end finish
complex complicated
comply obey follow
component part
comprehensive thorough broad
comprise include consist
compromise settlement
compulsory mandatory obligatory required
conceal hide
concede admit
concern worry fear anxiety
concert gig show
conclude end finish close
conclusion end finding
condemn denounce criticise decry slam blast deplore
condition state term
conference meeting summit
confidence trust
confident sure certain
confirm verify affirm
conflict war fighting clash
confront face
congress parliament legislature lawmakers
connect link join
connection link tie
consecutive straight running row successive
consent agree permission
consequence result outcome effect
conservation protection preservation
consider weigh mull think ponder study
considerable significant substantial large
construct build erect
consult talk
consultant adviser
consume eat use
contact reach
contain include
contaminate pollute taint
contemporary modern
contest dispute challenge race
continue remain proceed persist stay
contract deal agreement
contribute donate
contribution donation
control govern command
controversial disputed contentious divisive
controversy row dispute
convert turn change transform
convict guilty condemn conviction
convince persuade
cooperate collaborate
copy replica
correct right accurate
corrupt crooked corruption graft
cost price expense
cost worth value
council board
counsel adviser lawyer
country nation state
couple pair two
courage bravery
court tribunal judge bench
cover include
cover report
crash accident collision collide smash
create establish form generate produce
credit loan
crew team staff
crime offence felony
criminal offender
crisis emergency
critic opponent detractor
critical crucial vital essential
criticise condemn slam attack blast fault criticism
critical condemn
crop harvest
cross pass traverse
crowd spectators attendance audience
crucial vital critical key essential important
cure treat heal
curb limit restrict reduce
currency money
current present existing
currently now presently
customer client shopper consumer buyer
cut reduce lower slash trim decrease decline
cyclist rider
damage harm destroy ruin devastate hurt
danger risk threat hazard peril
dangerous hazardous risky
dead die death kill
deadly fatal lethal
deal agreement contract pact accord
death fatality dead die
debate discuss argue discussion
debt loan owe borrow
debut premiere
decide determine choose resolve rule
decision ruling choice
declare announce proclaim
decline fall drop decrease dip slide
decline refuse reject
decrease reduce fall drop decline
dedicate devote
defeat beat loss lose victory
defect flaw fault
defence protection
defend protect guard
defendant accused
deficit shortfall gap
delay postpone
delegate representative
delegation team
deliberate intentional
delivery shipment
demand want require
demolish destroy raze tear
demonstrate show
demonstration protest rally march
demonstrator protester
deny reject refute dispute dismiss
depart leave
department ministry office unit division
departure exit leave resignation
depend rely
deploy send station
depict portray show
describe characterise portray
design plan create
desire want
despite although though notwithstanding
destroy ruin wreck demolish devastate destruction
detect find discover spot
deter discourage
deteriorate worsen
determine decide find establish
develop create build
developer builder
development growth
device gadget machine tool
devote dedicate
die dead death kill perish succumb
differ disagree
different other distinct
difficult hard tough challenging
difficulty problem trouble
diplomat envoy ambassador
direct lead manage head
direction course
director head
disabled handicapped
disagree differ
disappear vanish
disaster catastrophe tragedy
discard dump
discharge release
disclose reveal
discount reduction
discover find uncover detect spot unearth discovery
discuss talk debate
discussion talks debate
disease illness sickness condition infection
dismiss fire sack oust remove
dismiss reject
disorder condition
display show exhibit
displace evacuate flee uproot
dispute row disagreement quarrel conflict argument
disrupt interrupt disturb disruption
distribute deliver share
district area neighbourhood
diverse varied
divert redirect reroute
divide split separate
division unit branch department
doctor physician medic
document paper file record
domestic local national
donate contribute donation
donor giver
double twice twofold
doubt question
draft draw write
draw attract
draw tie
driver motorist
drop fall decline decrease
drug medicine medication pharmaceutical
drunk intoxicated
dry arid
due owe
dump discard
duty tax tariff levy
duty task responsibility
dwelling home house
eager keen
earnings profit income
earth soil
earthquake quake tremor
east eastern
easy simple
economic financial
edge margin
educate teach
education school teaching
effect impact result consequence
effective efficient
effort attempt bid
elect vote choose
election vote poll ballot
electricity power energy
eliminate remove
elderly old older senior pensioner
embassy mission
emerge appear
emergency crisis
emission pollution
emphasise stress highlight underline underscore
employ hire use
employee worker staff personnel
empty vacant
enable allow let
encounter meet
encourage urge
end finish conclude close stop
endanger threaten
endorse back support
enemy foe
energy power
enforce implement
engage involve
enhance improve
enormous huge
ensure guarantee secure
enter join
enterprise company
enthusiasm excitement
entire whole full all
entrance entry gate
entrepreneur businessman businesswoman founder
envoy diplomat representative ambassador
epidemic outbreak
equal same
equip fit
equipment gear
era period
error mistake
escalate intensify
escape flee
essential vital
establish found create form launch
estate property
estimate reckon
evacuate remove move leave
evaluate assess
event occasion
evidence proof
evident clear
evolve develop
exact precise
exam test
examine study inspect investigate
exceed surpass top outstrip more
excess surplus
exchange swap trade
executive boss chief
exercise drill
exhibit show display
exhibition show display
exist be
exit leave departure
expand grow extend widen enlarge broaden
expansion growth extension
expect anticipate predict forecast
expel deport eject
expenditure spending
expensive costly
experiment test trial
expert specialist
expire end lapse
explain clarify
explode blow blast detonate
explore study
explosion blast
export ship
expose reveal
express voice
extend prolong lengthen
extensive wide
external outside
extra additional
extreme severe
extremist militant radical
face confront
facility plant site centre
factory plant mill works
fail collapse failure
fair just
faith religion
fake false counterfeit
fall drop decline decrease tumble plunge plummet slump slide sink dip slip
false untrue incorrect wrong
family relatives household
famous well-known renowned
farmer grower
fast quick rapid
fatal deadly
fatality death
fault flaw
favour support back prefer
fear worry concern
federal national
fee charge
female woman
fierce intense
fight battle combat
figure number
file lodge submit
film movie picture
final last
finance fund
financial fiscal economic monetary
find discover locate
finding result conclusion
fine penalty
finish end complete
fire blaze
fire sack dismiss
firefighter fireman
firm company
first initial inaugural
fiscal financial
fix repair mend
flat apartment
flaw defect fault
flee escape leave
flood inundate
focus concentrate
force compel oblige
force troop
forecast predict projection outlook prediction
foreign overseas international
forest wood woodland
form create establish
formal official
former ex one-time
found establish create start
founder creator
fraction part
fragment piece
fraud scam deception
free release liberate
freedom liberty
freeze halt
fresh new
friend ally
frighten scare
fuel petrol gas
fulfil meet
full complete
fund finance pay money
fundamental basic
funeral burial
furious angry
further additional
gain increase rise
gather collect assemble
gathering meeting
gender sex
generate produce create
genuine real
giant huge
gift present
provide grant offer donate
global international worldwide world
goal aim
goods products merchandise
govern rule
government administration state authorities
grab seize
grant award
grave serious
ground land
group team organisation
grow increase expand rise
growth increase expansion rise
guarantee ensure promise
guard protect
guerrilla rebel
guest visitor
guideline rule
gun firearm weapon
gunman shooter attacker
halt stop suspend
handle manage
happen occur
happy pleased glad delighted
harbour port
hard difficult
harm damage hurt injure
harvest crop
hazard danger
head lead
head chief
headquarters base
help aid assist
hide conceal
highlight stress
highway road motorway
hint suggest
hire employ recruit
historic historical
hit strike
holiday vacation
home house residence
honour award
hospital clinic
hospitalise hospital
host stage organise
hostage captive
hotel inn
household home
housing homes
human people
hunger starvation famine
hunt search
hurt injure
husband spouse
wife spouse
idea proposal
identify name
ill sick
illegal unlawful illicit
illness disease
image picture photo
immediate instant
immigrant migrant
impact effect
implement introduce
imply suggest
important significant key major
impose introduce place
improve better boost
incident event
include contain
income revenue
increase rise raise grow growth climb surge jump hike
indicate show suggest
indication sign
individual person
industry sector
inflation price
inform notify
information data
inhabitant resident
initial first
initiative plan programme scheme
injure wound hurt
injury wound
inmate prisoner
inquiry investigation probe
inspect check
install fit
instruct order
instruction order
insurance cover
insurgent rebel militant
intend plan aim
intensify escalate
intention plan
interim temporary provisional acting
intermediary mediator
international global
introduce launch
invade attack
invasion attack
investigate probe examine study look
investigation probe inquiry
invite ask
involve include
issue problem matter
issue release publish
item object thing
jail prison
job post position role work
joint shared
journalist reporter correspondent
journey trip
judge court
judgment ruling
jump leap
retain maintain
key main
kidnap abduct
kill die death dead murder slay
kind type
labour work
lack shortage
land arrive
landlord owner
large big
last final
launch start
lawmaker legislator parliamentarian deputy representative senator politician
lawsuit suit
lawyer attorney
lead head
leader head chief
leading top
learn find
leave depart quit exit
legal lawful
legislation law
legislature parliament assembly
lessen reduce
levy tax
licence permit
lift raise
lift remove end
likely probable expected
limit restrict cap curb
link connect tie
live reside dwell
loan credit
locate find situate
location site place
lorry truck
lose loss
main chief principal primary key
major big
majority most
male man
manager boss
mandate order
manufacture produce
manufacturer maker producer
mark commemorate
marriage wedding
marry wed
massacre slaughter
massive huge
match game
matter issue
maximum top
measure step
media press
mediate broker
medicine drug
meet talk
meeting talks session gathering
merge combine
method way
microbe germ
migrant immigrant refugee
migrate move
militant fighter gunman
military army
mill factory
ministry department
minor small
missing lost
mistake error
modify change
moment time
money cash
monitor watch observe track
moratorium ban
mortgage loan
motion proposal
mount rise
mountain peak
move shift relocate transfer
multiple several many
municipal city
murder kill
museum gallery
nation country
navy naval
near close
nearly almost
necessary needed required
need require
negotiate talk
negotiation talks
new fresh
newspaper paper daily
night overnight evening
normal usual
north northern
notify inform
novel book
nuclear atomic
number figure
object oppose
objection opposition
obligation duty
occur happen
ocean sea
offer propose
oil petroleum crude
old elderly
open start
opening start launch
opinion view
opponent rival
opportunity chance
oppose against
option choice
order instruct
order command
organisation group body
origin source
original first
oust remove topple depose overthrow
output production
outrage anger
outskirts edge
overhaul reform
overnight night
overseas foreign abroad
oversee supervise
overturn reverse quash annul
own possess
owner proprietor
pact agreement
painting picture artwork canvas
panel committee
parent mother father
parliament legislature
part portion share section
pass approve
passenger traveller
pause suspend halt break
pay salary wage
pay spend
peak top
penalise punish fine
penalty fine punishment
people person resident
permission approval
permit allow licence
person people man woman
personnel staff
persuade convince
phase stage
phone telephone mobile
photo picture
pick choose
picture image
piece part
planet world
plant factory
pledge promise
plunge fall
police officer
policeman policewoman police officer
poll survey
population people
port harbour
portion part
position post
post job
postpone delay defer
powerful strong
praise hail laud commend applaud
predict forecast
preliminary initial
premises building
preserve protect conserve
press media
prevent stop
previous former earlier prior
price cost
primary main
prison jail
prisoner inmate detainee captive
prize award
probe investigation
proclaim declare
product good
production output
profit earnings gain
programme scheme project plan
prohibit ban
project programme
prolong extend
promise pledge
prompt cause
proof evidence
proportion share
proposal plan
propose suggest offer plan
prosecute charge
protect guard defend
protest demonstrate demonstration rally
protester demonstrator
prove show
provide supply offer
provisional temporary
publish release issue print
punishment penalty
pupil student schoolchild
purchase buy
pursue chase
question ask
quick fast
quit resign leave
rail train railway
railway rail train
raise increase
raise collect
rapid fast
reaction response
rebel insurgent
rebuild reconstruct restore
recession downturn slump
recommend advise suggest urge
recommendation advice
recruit hire
reduce cut
reduction cut decrease
referee official umpire
referendum vote
reform change
refuse reject
regime government
region area
regulation rule
regulator watchdog
reinforce strengthen
reinstate restore
reject turn refuse dismiss rebuff
relocate move
reluctant unwilling
remain stay
renew extend
reopen open
repeal scrap
replace substitute succeed
replacement successor
representative delegate
require need
rescue save
research study
researcher scientist academic
reside live
residence home
resident inhabitant local
resign quit step
resist oppose
resolve solve settle
respond reply
restaurant eatery
restore reinstate
restriction limit curb
resume restart
retail shop store
retailer shop
retreat withdraw
revenue income sales turnover takings
revolt uprising
rich wealthy
road street highway route
robbery theft
rocket missile
rubbish waste
sack dismiss
sanction penalty embargo
schedule plan
scheme plan
scholar academic
scientist researcher
scrutinise examine
sculpture statue
search hunt
section part
sell sale
serious severe
shop store
shortage lack
small little tiny minor
south southern
spill leak
spokesman spokeswoman spokesperson
squad team
stab knife
stadium arena ground venue
stake share holding
steal theft
stock share
strike walkout stoppage
subsidiary unit
supply provide
support back
supporter fan
surgery operation
survey poll
suspend halt
teenager teen adolescent youth
tourist visitor traveller holidaymaker
tournament competition
toxic poisonous
unemployed jobless
unemployment joblessness
wage pay salary
warn caution alert
west western
yearly annual
ahead forward
talk speak
soon early
adhere honour fulfil observe respect
house host
claim allegation
trafficking smuggling
smuggle traffic
field sector industry
counterpart opposite
"""

# Verbs that news uses in the present and behind "to" and "will"; those in the past are known by their ending.
VERBS = """
abandon accept accuse achieve acquire act add address adopt advance advise affect agree aim allow announce answer appeal
appear apply appoint approve argue arrest arrive ask attack attend avoid award back ban beat become begin believe block
boost borrow break bring build buy call cancel carry catch cause celebrate change charge check choose claim clear climb
close collapse combine come commit compete complain complete condemn confirm consider contain continue contribute
control convict cooperate cost cover create criticise cross cut damage deal decide declare decline decrease defeat defend
delay deliver demand deny depend deploy describe destroy develop die differ direct discuss dismiss displace donate draw
drive drop earn ease elect employ enable end endorse enter establish estimate evacuate examine expand expect explain
expose extend face fail fall fear fight file find finish fire fix fly focus follow force forecast form found fund gain
generate get give go grant grow guarantee halt hand handle happen harm have head hear help hire hit hold hope host
identify impose improve include increase inform injure insist introduce invest investigate invite involve issue join
judge jump keep kill know lack land last launch lay lead learn leave lend let lie lift like limit link list live look
lose lower maintain make manage mark meet merge miss move name need negotiate nominate obtain occur offer open operate
oppose order organise oversee overturn own participate pass pay perform permit plan play pledge plunge postpone prefer
prepare present prevent produce promise promote propose protect prove provide publish pull purchase push put quit raise
reach read receive recognise recommend recover reduce refuse reject release rely remain remove renew repair replace
report represent require rescue resign resolve respond restore restrict result resume retain retire return reveal
reverse review ride rise rule run sack save score seek seem seize sell send separate serve set settle share shift show
shut sign slip soar speak spend spread stand start stay steal step stop strengthen strike struggle study submit succeed
sue suffer supply support surge suspend sustain take talk target teach tell test think threaten touch trade train
transfer travel treat trigger trim try turn understand unite unveil uphold urge use value veto visit vote wait walk want
warn watch weaken win withdraw work worsen write
"""

# Verbs, nouns and adjectives whose directions exclude one another, both sides of a line: whatever stands on the left is
# not said by what stands on the right.
OPPOSED = """
rise increase grow climb jump surge soar raise gain expand improve strengthen widen double triple accelerate lift hike rebound recover rally higher up upward growth : fall decrease drop decline shrink lower cut reduce slip slump plunge tumble narrow weaken halve slow sink dip slide worsen deteriorate trim slash down downward contract loss
approve accept back support endorse agree adopt pass praise welcome favour hail allow permit authorise grant embrace uphold ratify applaud commend : reject refuse oppose deny block halt cancel criticise condemn ban prohibit veto dismiss decline overturn scrap denounce quash resist object boycott
start begin launch open introduce resume establish create found commence reopen : end stop halt close shut finish cease suspend scrap cancel abandon terminate abolish dissolve
win beat defeat victory : lose loss defeated
arrive come enter join return : leave depart quit exit
hire appoint recruit employ elect name : fire dismiss sack oust resign remove
free release liberate acquit clear rescue : arrest detain jail imprison capture convict abduct kidnap seize
build construct erect repair restore rebuild : destroy demolish raze damage ruin
give send sell lend export supply provide pay donate deliver : take receive buy borrow import get purchase acquire
include contain involve : exclude omit
confirm admit acknowledge concede : deny reject refute dispute
remember : forget
remain stay keep : leave depart resign quit
early : late
before : after
more : less fewer
better : worse
best : worst
strong : weak
success successful succeed : failure fail unsuccessful
safe : dangerous unsafe
legal lawful : illegal unlawful
rich : poor
majority most : minority
alive survive survivor : dead die kill death
public : private secret
guilty : innocent
unite : divide split
delay postpone : hasten accelerate expedite
restrict tighten limit : ease relax loosen
add : remove subtract
deploy send : withdraw
lead ahead : trail behind
cheap cheaper : expensive costly dear
mild minor slight modest : severe serious major grave
temporary provisional : permanent
voluntary : compulsory mandatory obligatory
optimistic : pessimistic
calm peaceful orderly : violent chaotic
spend : save
protect : endanger threaten
encourage urge : discourage deter
north northern : south southern
east eastern : west western
"""

# Words of one kind of which one excludes another.
APART = """
mayor governor president premier senator chancellor king queen
mother father brother sister son daughter husband wife uncle aunt cousin
captain coach referee goalkeeper
doctor nurse surgeon
teacher student pupil
buyer seller
winner loser
employer employee
landlord tenant
driver passenger
plaintiff defendant
prosecutor judge
senate court
parliament court
spring summer autumn winter
morning afternoon evening night
red blue green yellow white black
left right
gold silver bronze
bus train plane ferry tram
airport airspace
hotel hospital school library
fire flood earthquake
murder manslaughter robbery theft fraud
football tennis basketball cricket hockey rugby
knee ankle shoulder hip elbow
gas coal wind solar nuclear
daily weekly monthly annual
quarterfinal semifinal final
"""

# Deeds that decide a matter: whatever else a quote says, who has not read it there may not report one.
DECISIVE = """
buy sell acquire purchase export import lend agree begin start rescue save overtake accept reject approve sign win lose resign die kill arrest convict acquit settle resolve finalise complete conclude withdraw
ban sack fire sue charge surrender invade bomb destroy collapse merge ratify veto repeal legalise elect marry divorce retire
evacuate recall expel deport execute assassinate hijack bankrupt nationalise privatise
"""

# Verbs of two words, and one that says the same.
PHRASES = """
call off: cancel
turn down: reject
give way: collapse
put off: postpone
carry out: conduct
set up: establish
step down: resign
stand down: resign
lay off: dismiss
shut down: close
take part: participate
take over: acquire
rule out: exclude
break out: start
hand over: give
give up: abandon
bring down: reduce
cut back: reduce
scale back: reduce
speed up: accelerate
back down: concede
find out: discover
point out: note
pay for: fund
go ahead: proceed
move forward: proceed
move ahead: proceed
press ahead: proceed
push ahead: proceed
dig up: excavate
walk out: strike
drop out: abandon
go into: enter
get into: enter
go up: rise
go down: fall
pick up: collect
blow up: explode
burn down: destroy
break down: collapse
team up: cooperate
sign off: approve
wave through: approve
strike down: overturn
throw out: reject
vote down: reject
kick off: start
wind up: end
phase out: end
crack down: punish
look into: investigate
make up: constitute
pull out: withdraw
back out: withdraw
walk away: withdraw
come ashore: arrive
make landfall: arrive
die out: vanish
run out: end
hold back: restrain
hold up: delay
draw up: write
bring forward: hasten
play down: minimise
pass away: die
get rid: remove
do away: remove
fill in: complete
call back: recall
"""
