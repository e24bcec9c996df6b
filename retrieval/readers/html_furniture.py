"""Lines that stand around and between the paragraphs of articles and are no words of theirs, by language."""

import re
from functools import lru_cache

# A line that leads elsewhere or asks for something, whatever it goes on with.
_LEADS = re.compile(
    r"(?:\W*(?:"
    r"(?:also|must|don['’]t miss|read) ?(?:read|also|watch|see|more|next|this|on)?|read (?:more|also|next|full story|the full)|see also|watch(?: (?:here|now|video|live))?|listen(?: (?:here|now|to this article))?|"
    r"related(?: (?:news|stor(?:y|ies)|articles?|coverage|topics?|links?|content))?|more (?:on this(?: story)?|from .{1,40}|stories|news|like this)|recommended(?: (?:for you|stories|reading))?|"
    r"(?:you (?:may|might) also like|editor['’]?s['’]? picks?|trending(?: now)?|top stories|most (?:read|popular)|up next|next story|in case you missed it|explore more)|"
    r"lesen sie (?:auch|hier|mehr)|mehr zum thema|auch interessant|lire aussi|à lire(?: aussi)?|lisez aussi|voir aussi|lee también|le(?:e|er) más|te puede interesar|leia (?:também|mais)|veja também|"
    r"leggi anche|lees ook|läs (?:också|mer)|les også|læs også|lue myös|czytaj (?:też|także|również|więcej)|zobacz też|читайте также|читать также|смотрите также|по теме|читайте|ayrıca okuyun|baca juga|đọc thêm|اقرأ أيضا|إقرأ أيضا|"
    r"यह भी पढ़ें|ये भी पढ़ें|関連記事|関連|あわせて読みたい|相关阅读|相关新闻|延伸阅读|관련기사"
    r")\s*(?:[:：|»>►▶→]|[-–—]\s|$).*)",
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(
    r"\W*(?:ads?|advert[ei]se?ments?|anzeige|werbung|publicité|publicidad|pubblicità|publicidade|реклама|reklam|reklama|advertentie|annons|広告|广告|광고|إعلان|विज्ञापन|sponsored(?: content)?|promoted|"
    r"(?:story|article|content|report) continues? (?:below|after)[^.]{0,60}|continue reading(?: below)?[^.]{0,40}|scroll (?:down )?(?:to|for) [^.]{0,40}|skip (?:ad(?:vertisement)?|past)[^.]{0,60}|loading\W*|"
    r"\d+ ?(?:min(?:ute)?s?)[ -](?:read|listen)|reading time.{0,20}|\d+ (?:comments?|shares?|views?|likes?|kommentare)|(?:add|post|leave) a (?:comment|reply)|comments?|be the first to comment|"
    r"share(?: (?:this|on|via|article|full article|story|the story)[^.]{0,60})?|copy (?:the )?(?:link|url)|link copied.{0,20}|print(?: this)?(?: article| page)?|e-?mail(?: this)?|save(?: article| story)?|bookmark|tweet|facebook|twitter|whatsapp|telegram|linkedin|reddit|x|pinterest|"
    r"follow (?:us|our|me|[A-Z@][\w ]{1,30} on)\b.{0,200}|published|updated|posted|by|author|written by|date|source|join (?:us|our|the (?:conversation|discussion))\b[^.]{0,150}\.?|like us on [^.]{0,80}\.?|"
    r"(?:please )?(?:subscribe|sign ?up|register(?: (?:now|here|for|to|with|today)| free)|log ?in|sign ?in|become a (?:member|subscriber))\b.{0,220}|already (?:a subscriber|have an account|subscribed).{0,80}|"
    r"download (?:the|our) [^.]{0,80}\bapp\b.{0,80}|get (?:the|our|more|all the) (?:latest|best|top|breaking|daily|morning|news)\b.{0,200}|stay (?:tuned|updated|informed|up to date|connected|ahead)\b.{0,160}|"
    r"(?:click|tap) (?:here|on|the)\b.{0,120}|enter your e-?mail.{0,80}|your (?:e-?mail|support|subscription)\b.{0,160}|thank you for (?:reading|subscribing|signing up|your).{0,100}|support (?:our|independent|quality) journalism.{0,200}|"
    r"(?:this )?(?:video|audio|image|content|photo|media)(?: (?:is )?(?:not |un)available.{0,80}| caption.{0,200}| credit.{0,100}|\s*:\s.{1,160}| by\s.{1,80}| courtesy.{0,80}| source.{0,80}| via .{0,60})?|"
    r"(?:file )?(?:photo|image|picture|pic|foto|bild|photograph|illustration|graphic|video)s?\s*(?:credits?|courtesy|source)?\s*[:©/|].{1,160}|(?:representational|representative|representation|file|illustrative) (?:image|photo|picture|pic).{0,80}|"
    r"[(\[](?:photo|image|file|picture|source|credit|representational|foto|bild)\b[^)\]]{0,120}[)\]]|"
    r"(?:tags?|topics?|keywords|filed under|categories|schlagworte|themen|tópicos|etiquetas|теги|mots-clés|タグ|标签)\s*[:：].{0,300}|(?:tags?|topics|related topics|explore(?: more)?)|"
    r"(?:©|\(c\) |copyright\b(?! (?:law|act|claim|infring|case|protect|office|holder|owner|dispute|suit|rule))).{0,200}|all rights reserved.{0,120}|.{0,120}\ball rights reserved\W*(?:.{0,120}\bredistribut\w+\W*)?|this material may not be published.{0,200}|"
    r"(?:our standards:|the thomson reuters trust principles).{0,80}|opens (?:in )?(?:a )?new (?:tab|window)|"
    r"we use cookies.{0,400}|(?:we|this (?:site|website)) (?:and our partners )?(?:uses?|stores?) .{0,40}cookies.{0,400}|accept (?:all )?cookies|cookie (?:settings|policy|preferences)|privacy policy|terms (?:of (?:use|service)|and conditions)|"
    r"(?:about|more about) the (?:author|writer).{0,40}|(?:home|news|menu|search|close|back to top|top|next|previous|prev|more|view all|see all|show more|load more|see more|play|pause|mute|expand|toggle.{0,30}|yes|no|ok|cancel|listen|gift (?:this )?article|advertise with us|newsletter|newsletters)|"
    r"(?:\(?except for the headline, )?this (?:story|article|report) (?:has not been|was not) edited .{0,200}|\(?this (?:story|report) (?:is|was|has been) (?:published from|auto-?generated|sourced from|taken from) .{0,250}|\(?only the headline .{0,250}|(?:published|edited) by:?(?: [^\s,]{1,20}){1,5}|"
    r"reporting by .{0,200}|\(?(?:additional )?reporting by .{0,120}\)?|(?-i:[A-Z]{2,5}(?:[/-][A-Z]{2,5}){1,5}|[a-z]{2,4}(?:/[a-z]{2,4}){1,4})|il vous reste .{0,120}|(?:puedes seguir|síg(?:ue|a)nos|suivez[- ]nous|folgen sie) .{0,160}|(?:reach|contact|e-?mail) (?:the|our|us|him|her|them)\b.{0,80}@.{0,60}|unlock (?:more|this|the) .{0,120}|a ?d ?v ?e ?r ?t ?i ?s ?e ?m ?e ?n ?t|(?:first )?(?:published|updated|posted)(?: on)?\s*:.{0,60}|\(?release id ?:? ?\d+\)?.{0,60}|visitor counter.{0,20}|view (?:this post|more) on .{0,40}|a post shared by .{0,120}|recaptcha.{0,80}|this site is protected by.{0,120}|http\S+|[\W\d_]*"
    r")\W*",
    re.IGNORECASE | re.DOTALL,
)
# Behind these comes nothing of the article.
_LAST = re.compile(
    r"\W*(?:comments?(?: \(\d+\))?|\d+ comments?|leave a (?:reply|comment)|join the conversation|about the author|more from (?!the).{1,40}|related (?:posts?|articles?|stories|news|coverage)|"
    r"you (?:may|might) also like|recommended(?: for you| stories)?|latest (?:news|stories)|top stories|trending(?: now)?|most (?:read|popular|viewed)|read next|up next|around the web|from the web|"
    r"more stories|more top stories|mehr zum thema|das könnte sie auch interessieren|sur le même sujet|noticias relacionadas|notícias relacionadas|материалы по теме|похожие новости|相关新闻|関連記事|관련기사|post navigation|share this:?|contact us)\W*",
    re.IGNORECASE,
)
# What a publisher says of itself below each of its pages.
_LEGAL = re.compile(
    r"\bby using this (?:site|website)|\bregistered (?:office|in the commercial register|in england)\b|\bvat (?:number|no|reg)|without the (?:express|prior)[^.]{0,40}permission|"
    r"may not be (?:published, broadcast|reproduced|copied)|\bcomplaints about our content\b|\bterms of (?:service|use)\b.{0,60}\bprivacy (?:policy|statement|notice)\b|not intended for trading purposes",
    re.IGNORECASE,
)

# What sites write between paragraphs, language by language; each line as a whole.
_LINES = {
    "en": r"""
        readers like you\b.{0,400}
        (?:your|reader) (?:support|contributions?|donations?|gifts?) (?:help|make|keep|allow|enable|power)s?\b.{0,300}
        .{0,120}\b(?:depends? on|relies on|rely on|funded by|supported by|possible by) (?:our )?(?:readers?|donations?|members?|people) (?:like|such as) you\b.{0,200}
        (?:please )?(?:consider )?(?:mak(?:e|ing) a|donat(?:e|ing)|support(?:ing)? (?:us|our))\b.{0,60}\b(?:donation|contribution|today|journalism|newsroom|reporting|now)\b.{0,200}
        .{0,120}\bforwarded (?:you )?this (?:e-?mail|newsletter|message)\b.{0,200}
        (?:to .{0,60},? )?(?:you can |click here to |please )?(?:sign up|subscribe)\b.{0,60}\b(?:newsletters?|podcast|channel|inbox|briefing|updates|alerts|below|here|today)\b.{0,120}
        (?:want|looking for|like this|enjoy(?:ed|ing)?) .{0,80}\? ?(?:sign up|subscribe|join|follow|get)\b.{0,160}
        (?:do you|have you|if you|know)\b.{0,120}\b(?:write to us|contact us|get in touch|let us know|e-?mail us|tell us|reach us|send us|reach out|contact (?:the )?reporter)\b.{0,160}
        (?:have|got) (?:a|any) (?:tip|story|question|correction|confidential)s?\b.{0,200}
        for (?:more|the latest|breaking|all the latest) .{0,80}\b(?:follow|visit|subscribe|download|click|check out|stay tuned|go to)\b.{0,160}
        (?:catch|check out|get|find|read|follow) all (?:the|of)\b.{0,160}\b(?:news|updates|events|app|here)\b.{0,120}
        get (?:the day['’]s|our|your|the|this|more|all|a) .{0,120}\b(?:inbox|newsletters?|e-?mail|delivered|app)\b.{0,60}
        special offer\s*:.{0,160}
        dig deeper into the moment
        (?:synopsis\s*)?ai[- ]generated (?:summary|synopsis)\b.{0,300}
        (?:quick (?:read|take)\s*)?(?:the )?summary is ai[- ]generated\b.{0,100}
        this (?:story|article|page) was printed from .{0,160}
        (?:reach|contact|e-?mail|follow) [^.]{2,80} (?:at|on)\b.{0,80}(?:\d{3}-\d{4}|[\w.]+@[\w.]+|@\w+).{0,80}
        expand\s?live\s*:.{0,200}
        .{5,240}\((?:ap |reuters |file )?(?:photo|picture|image|illustration)(?: by|:|/| courtesy)?\s?[^)]{2,60}\)
        advertisement\b[^.]{0,60}
        getty images
        support (?:local|independent|quality|free|public) (?:news|journalism|reporting|media|newsrooms?)\b[^.]{0,60}
        (?:source|article|original) (?:url|link)\s*:.{0,200}
        listen to this (?:article|story).{0,30}
        read the (?:full|whole|rest of the|original|complete) (?:story|article|report|statement|post|interview)(?: (?:here|on|at) ?.{0,40})?
        disclaimer\s*:.{0,400}
        (?:chart|map|graphic|graph|table|data|infographic)s?\s*:\s.{1,120}
        (?:click|tap) here to .{0,120}
        (?:play(?: video)?|now playing|up next|replay|watch live|live|mute|unmute|share|loading|close|\d{1,2}:\d\d(?: ?/ ?\d{1,2}:\d\d)?)
        first published(?: (?:on|in))?\s*:?\s.{0,60}\d.{0,40}
        (?:this (?:article|story|piece) was )?(?:originally|first) published (?:on|in|at|by)\b.{0,140}
        (?:this (?:article|story|post) (?:originally|first) (?:appeared|ran|was published))\b.{0,160}
        (?:this (?:article|story) (?:may )?contains? (?:affiliate|sponsored|paid)).{0,200}
        (?:edited|curated|written|compiled|produced|translated|fact.?checked|reviewed|posted|published|updated|uploaded) by\s*:?(?:\s+[^\s,]{1,20}){1,5}
        (?:with|by) (?:inputs|agency inputs|additional (?:inputs|reporting))(?: (?:from|by) .{1,80})?
        (?:top|lead|main|cover|featured?|header|banner|thumbnail|inset) (?:photo|image|picture|illustration|photograph)(?: (?:by|via|courtesy|credit)\b|\s*[:/]).{0,160}
        (?:photos?|images?|pictures?|photographs?|illustrations?|graphics?|cover) (?:by|via|courtesy(?: of)?|credit)\b.{0,120}
        .{0,100}(?:/ ?|via |\()(?:getty images|shutterstock|istock|unsplash|afp via getty images|ap photo|alamy|file photo)[^.]{0,40}
        (?:ap|afp|pti|ani|reuters|epa|dpa) (?:photo|image|file)s?\b.{0,80}
        (?:image|photo|picture|video|file|representational) (?:credits?|source|courtesy|used for)\b.{0,160}
        quick (?:q ?& ?a|questions?|facts?|links?|reads?)
        (?:media|press|investor|news|public relations|pr) (?:contacts?|enquir(?:y|ies)|inquir(?:y|ies)|relations)(?: for .{1,60})?\s*:?
        (?:category code|sequence no\.?|time of receipt.{0,30}|tidm|lei code|isin|news code|release id|upc|ticker)\s*:.{0,100}
        (?:what do you think|tell us what you think|let us know|share your (?:thoughts|views|opinion))\b.{0,160}
        (?:in this (?:article|story|episode|section)|on this page|table of contents|jump to|contents)\s*:?
        (?:go deeper|keep reading|dig deeper|more context|why it'?s trending|what to read next|next up|watch next|editor'?s note on sources)
        (?:key (?:points?|takeaways?|highlights?)|highlights|synopsis|summary|story highlights|ai (?:summary|generated summary)|quick read|tl;? ?dr)\s*:?
        (?:increase|decrease|change) (?:font|text) size.{0,40}
        (?:text|font) size.{0,30}
        (?:a-|a\+|aa|a)
        \d+ (?:min|mins|minutes?|hours?|days?|weeks?|months?) (?:ago|read|listen)
        (?:article|story|image|photo|video|slide|page) \d+ of \d+.{0,60}
        skip to (?:main |the )?(?:content|navigation|article).{0,40}
        (?:not a subscriber|want to read more|already a member|become a member|start your free trial|subscribe now|log in to (?:comment|continue|read))\b.{0,200}
        (?:you have|you've) (?:reached|read|used|\d+) .{0,120}\b(?:free|articles?|limit)\b.{0,100}
        this (?:article|content|story) is (?:for|available to|exclusive to|reserved for) (?:our )?(?:paid )?(?:subscribers|members|registered).{0,120}
        (?:view|see|show) (?:all )?(?:\d+ )?(?:comments?|photos?|images?|gallery|slideshow|replies).{0,40}
        (?:reuse|republish|reprint|permissions|licens(?:e|ing)|acquire licensing) (?:this |rights|our ).{0,100}
        (?:all |market )?(?:quotes|data) (?:are )?delayed.{0,120}
        (?:have your say|join the debate|vote now|take our (?:poll|survey)|poll:)[^.]{0,120}
    """,
    "de": r"""
        .{5,240}\((?:foto|bild|quelle)\s*:\s?[^)]{2,60}\)
        (?:(?:jetzt|hier|kostenlos) )+(?:abonnieren|anmelden|registrieren)\b.{0,160}
        (?:newsletter )?(?:abonnieren|anmelden|registrieren|newsletter|diese[ns] (?:artikel|beitrag|text) (?:teilen|drucken|merken|hören)|teilen|drucken|merken|vorlesen|anhören|kommentieren|artikel (?:vorlesen|anhören|teilen|merken|drucken|hören))
        .{0,100}\bnewsletters?\b.{0,120}\b(?:abonnieren|anmelden|bestellen|registrieren|eintragen)\b.{0,80}
        (?:foto|bild|fotos|bilder|quelle|quellen|grafik|video|archivbild|archivfoto|symbolbild|symbolfoto|karte)\s*[:©].{1,160}
        (?:lesen sie (?:auch|hier|dazu|mehr)|mehr dazu|siehe auch|auch lesenswert|hintergrund|weiterlesen|zum thema|empfohlene[rs]? (?:artikel|redaktionell\w+ \w+)|das könnte sie auch interessieren|mehr (?:zum thema|aus .{1,40}|von .{1,40}))\s*(?:[:|].{0,200})?
        (?:lesezeit.{0,30}|\d+ min(?:uten?)?\.? lesezeit|zur startseite|zum inhalt springen|nach oben|alle rechte vorbehalten|kommentare?(?: \(\d+\))?|anzeige|werbung|wird geladen)
        (?:folgen sie uns|diskutieren sie mit|schreiben sie uns|haben sie (?:einen fehler|hinweise|anregungen|fragen) |ihre meinung ist)\b.{0,200}
        (?:an dieser stelle (?:befindet|finden)|dieser (?:artikel|text|beitrag) (?:erschien|wurde|stammt)|mit (?:material|informationen) (?:von|der)|dieses thema im programm|über dieses thema berichte\w+|empfohlener externer inhalt)\b.{0,250}
        (?:inhalt(?:sverzeichnis)?|übersicht|in diesem artikel)\s*:?
    """,
    "fr": r"""
        .{5,240}\((?:photo|crédits?|image)(?:\s*:)?\s[^)]{2,60}\)
        (?:à lire|lire|voir|écouter|lisez|regardez|écoutez|à voir|à écouter)(?: (?:aussi|également|ici|notre|l['’]article|plus tard|la suite|plus))*\s*[:>|].{0,250}
        (?:à lire|lire|voir|écouter|lisez|regardez) (?:aussi|également|plus tard|la suite|plus)
        (?:crédits?|photo|photographie|image|illustration|source|légende|vidéo|infographie)s?\s*[:©].{1,160}
        (?:chargement(?: du contenu| en cours)?|publicité|partager(?: sur .{1,30}| l['’]article| cet article)?|imprimer|commenter|réagir|enregistrer|offrir l['’]article|article réservé.{0,40}|réservé aux abonnés|sommaire|temps de lecture.{0,20}|écouter l['’]article|ajouter à (?:vos|mes) .{0,30}|\d+ min(?:utes)? de lecture)
        (?:abonnez-vous|inscrivez-vous|s['’]abonner|s['’]inscrire|recevez|suivez-nous|rejoignez-nous|téléchargez|soutenez|connectez-vous|déjà abonné|la suite (?:après|sous) (?:la|cette) publicité|tous droits réservés|votre soutien)\b.{0,220}
        (?:pour aller plus loin|sur le même (?:sujet|thème)|dans la même rubrique|nos derniers articles)\s*(?::.{0,200})?
        (?:publié|mis à jour|modifié|posté) (?:le|à|par|aujourd)\b.{0,60}
        \(?(?:avec|d['’]après) (?:l['’])?(?:afp|reuters|ap|agences?)
    """,
    "es": r"""
        .{5,240}\((?:foto|imagen)(?:\s*:)?\s[^)]{2,60}\)
        (?:lea|lee|vea|ve|mira|leer|ver|escucha) (?:también|además|más|aquí)\s*(?:[:|].{0,250})?
        (?:foto|imagen|fuente|crédito|vídeo|video|gráfico|archivo)s?\s*[:©|].{1,160}
        (?:suscríb[ea](?:te|se)|regístr[ae](?:te|se)|inscríbete|síg(?:ue|a)nos|únete a|descarga (?:la|nuestra)|recibe (?:las|los|el|la|en|nuestr)|apóyanos|ya eres suscriptor|inicia sesión|todos los derechos reservados)\b.{0,220}
        (?:compartir|comparte|imprimir|comentarios|guardar|cargando|publicidad|anuncio|te puede interesar|le puede interesar|noticias relacionadas|más información|más noticias|newsletter|boletín|índice|tiempo de lectura.{0,20}|\d+ min(?:utos?)? de lectura|con información de .{1,40})\s*(?::.{0,200})?
        (?:publicado|actualizado)(?: (?:el|en|a las|por))?\b[^.]{0,40}\d.{0,20}
    """,
    "pt": r"""
        .{5,240}\((?:foto|imagem)(?:\s*:)?\s[^)]{2,60}\)
        (?:leia|veja|ouça|assista|confira|saiba) (?:também|mais|ainda|aqui)\s*(?:[:|].{0,250})?
        (?:foto|imagem|fonte|crédito|vídeo|divulgação|reprodução|arte|infográfico)s?\s*[:©|/].{1,160}
        (?:assine (?:a|o|já|agora|nossa)|inscreva-se|cadastre-se|receba (?:as|os|no|em|nossa|notícias)|siga(?:-nos| o | a )|compartilhe (?:no|esta|essa|este)|baixe (?:o|nosso)|entre no (?:grupo|canal)|participe do (?:grupo|canal)|clique aqui|todos os direitos reservados|já é assinante|apoie o|continua (?:após|depois d)a publicidade)\b.{0,220}
        (?:compartilh(?:e|ar)|partilhar|imprimir|comentários|carregando|publicidade|notícias relacionadas|últimas notícias|mais lidas|tempo de leitura.{0,20}|\d+ min(?:utos?)? de leitura|\(?com informações d[aoe]s? .{1,40})\s*(?::.{0,200})?
        (?:publicado|atualizado|publicada|atualizada)(?: (?:em|a|há|por|às))?\b[^.]{0,40}\d.{0,20}
    """,
    "it": r"""
        (?:leggi|guarda|ascolta|vedi) (?:anche|pure|qui|di più|tutto|l['’]articolo)\s*(?:[:|].{0,250})?
        (?:foto|immagine|fonte|fonti|crediti|video|credit)\s*[:©|].{1,160}
        (?:iscriviti|abbonati|seguici|scarica (?:la|l['’])|ricevi|sostienici|sei già abbonato|accedi (?:per|o)|potrebbe interessarti|tutti i diritti riservati|ultimo aggiornamento)\b.{0,220}
        (?:condividi(?: su .{1,30})?|stampa|commenti|caricamento|pubblicità|notizie correlate|articoli correlati|ultime notizie|i più letti|più letti|tempo di lettura.{0,20}|\d+ minut[io] di lettura|sommario)\s*(?::.{0,200})?
        [©\s]*riproduzione riservata.{0,40}
    """,
    "nl": r"""
        (?:lees|bekijk|luister) (?:ook|hier|meer|verder|terug)\s*(?:[:|].{0,250})?
        (?:foto|beeld|bron|bronnen|video|illustratie)\s*[:©|].{1,160}
        (?:abonneer je|meld je aan|meld u aan|schrijf je in|volg ons|download de|ontvang (?:onze|de|het)|steun ons|al abonnee|heb je een tip|alle rechten voorbehouden)\b.{0,200}
        (?:deel dit artikel|delen|deel|reacties|laden|advertentie|gerelateerd|leestijd.{0,20}|inloggen|meer over dit onderwerp)\s*(?::.{0,200})?
    """,
    "sv no da fi": r"""
        (?:läs|les|læs|lue|se|katso) (?:också|mer|även|også|mere|myös|lisää)\s*(?:[:|].{0,250})?
        (?:foto|bild|källa|kilde|kuva|lähde|illustration|arkivfoto)\s*[:©|/].{1,160}
        (?:prenumerera på|abonner på|tilmeld dig|følg oss|följ oss|følg os|tilaa)\b.{0,160}
        (?:dela|del|del artikel(?:en)?|annons|annonse|mainos|laddar|laster|kommentarer|kommentit|jaa)
    """,
    "pl cs": r"""
        (?:czytaj|zobacz|przeczytaj|sprawdź|obejrzyj|čtěte|přečtěte si)(?: (?:też|także|również|więcej|dalej|také|dále|i))*\s*(?:[:|].{0,250})?
        fot\. .{1,60}
        (?:fot|foto|zdjęcie|źródło|źródła|zdroj|autor zdjęcia|video|wideo)\.?\s*[:©|/].{1,160}
        (?:zapisz się|subskrybuj|zaloguj się|obserwuj nas|dołącz do (?:nas|grupy)|pobierz (?:naszą|aplikację)|dalsza część (?:artykułu|tekstu)|wszelkie prawa zastrzeżone|přihlásit se)\b.{0,200}
        (?:udostępnij|drukuj|komentarze|ładowanie|reklama|reklamy|polecane|powiązane|najnowsze|pokaż (?:spis treści|więcej)|spis treści|materiał promocyjny|sdílet|načítání|obsah)\s*(?:[:(].{0,60})?
    """,
    "ru uk": r"""
        (?:читайте|читать|смотрите|смотреть|слушайте|подробнее|см|читай|дивіться|читати)\.?(?: (?:также|ещё|еще|далее|тут|по теме|на эту тему|також|далі))*\s*[:|].{0,250}
        (?:читайте|смотрите|читать) (?:также|ещё|еще|далее|по теме)\W.{0,250}
        (?:фото|источник|источники|видео|иллюстрация|автор фото|изображение|джерело|архив)\s*[:©|/].{1,160}
        (?:яндекс\.?\s?директ\b|на правах рекламы|реклама\s*[:.]).{0,200}
        (?:подписывайтесь|подпишитесь|следите за (?:нами|нашими|новостями)|присоединяйтесь|скачайте|читайте нас|при (?:полном |частичном )?(?:перепечатке|использовании материалов|цитировании)|все права защищены|нашли ошибку|заметили ошибку|если вы (?:нашли|заметили) (?:ошибку|опечатку)|зарегистрируйтесь|підписуйтесь|завантажте)\b.{0,220}
        (?:поделиться|распечатать|комментари[ийев]+|загрузка|материалы по теме|по теме|самое читаемое|новости партн[её]ров|просмотров|оставить комментарий|войдите|время чтения|содержание|реклама)\s*(?:[:(\d].{0,60})?
    """,
    "tr": r"""
        (?:ayrıca (?:okuyun|bakınız)|bunları da (?:okuyun|beğenebilirsiniz)|devamını oku|haberin devamı|ilgili haberler?|son dakika haberleri|öne çıkanlar)\s*(?:[:|].{0,250})?
        (?:fotoğraf|görsel|kaynak|kaynaklar|video|foto)\s*[:©|/].{1,160}
        (?:abone ol(?:un|mak)?|kayıt ol|giriş yap|bizi takip edin|uygulamayı indir|tüm hakları saklıdır)\b.{0,160}
        (?:takip et|paylaş|yorumlar?|yorum yap|yükleniyor|reklam|yazdır|haberi dinle)
    """,
    "id ms": r"""
        (?:baca|simak|lihat|tonton|saksikan|dengarkan) (?:juga|selengkapnya|lainnya|pula)(?: (?:video|artikel))?\s*(?:[:|].{0,250})?
        (?:simak|tonton|saksikan) video\b.{0,160}
        (?:foto|gambar|sumber|dok|ilustrasi|video|grafis|editor|penulis|reporter|pewarta|topik|tag)\.?\s*[:©|/].{1,160}
        (?:berlangganan|langganan|bagikan|komentar|memuat|iklan|gulir.{0,60}|artikel terkait|berita terkait|berita lainnya|hak cipta.{0,100}|halaman \d.{0,20})
        (?:dapatkan|ikuti|gabung|follow|unduh)\b.{0,60}\b(?:update|berita|whatsapp|telegram|google news|channel|saluran|aplikasi)\b.{0,200}
    """,
    "ar fa ur": r"""
        (?:اقرأ|إقرأ|شاهد|اقرئي|تابع|انظر|طالع)(?: (?:أيضا|أيضًا|أيضاً|المزيد|كذلك|ايضا))?\s*(?:[:|].{0,250})?
        (?:المصدر|مصدر|صورة|الصورة|المصادر|تصوير|فيديو|منبع|عکس|ذرائع|وسوم|كلمات مفتاحية|الكلمات المفتاحية)\s*[:©|/].{1,160}
        (?:اشترك (?:في|الآن|معنا)|سجل الدخول|تابعونا|تابعنا على|شارك (?:عبر|على|هذا|المقال|الخبر)|جميع الحقوق محفوظة|حمل التطبيق|بیشتر بخوانید|یہ بھی پڑھیں).{0,200}
        (?:مشاركة|شارك|طباعة|تعليقات|التعليقات|جاري? التحميل|إعلان|اعلان|مواضيع ذات صلة|أخبار ذات صلة|موضوعات ذات صلة|الأكثر قراءة)
    """,
    "hi mr bn ta te": r"""
        (?:यह भी|ये भी|इसे भी|यह भी|और|पूरी खबर|हे (?:देखील|ही)|हेही) (?:पढ़ें|पढ़ें|देखें|पढ़िए|सुनें|वाचा)\s*(?:[-:–|>].{0,250})?
        (?:फोटो|तस्वीर|स्रोत|सौजन्य|वीडियो|फाइल फोटो|छायाचित्र|সূত্র|ছবি|மூலம்)\s*[-:–©|/].{1,160}
        (?:फाइल फोटो|प्रतीकात्मक (?:तस्वीर|फोटो|चित्र)|सांकेतिक (?:तस्वीर|फोटो)|विज्ञापन|लोड हो रहा है.{0,10}|सार|विस्तार|सारांश|हाइलाइट्स|मुख्य बातें|खास बातें|टिप्पणियां|कमेंट्स?|शेयर करें|साझा करें|ट्रेंडिंग|संबंधित (?:खबरें|समाचार)|सर्वाधिक पढ़ी गई|টেনডিং|আরও পড়ুন.{0,200}|மேலும் படிக்க.{0,200}|ఇది కూడా చదవండి.{0,200})\W*
        (?:रहें हर खबर से|हमें फॉलो|हमसे जुड़ें|ताजा खबरों के लिए|हिंदी (?:न्यूज़|न्यूज|समाचार|खबरों)|डाउनलोड करें|सब्सक्राइब|व्हाट्सएप (?:चैनल|ग्रुप)|गूगल न्यूज पर|यहां क्लिक|देश और दुनिया की.{0,60}(?:खबर|समाचार|न्यूज)).{0,250}
        (?:published by|edited by|posted by|रिपोर्ट|संपादन|लेखक|द्वारा)\s*[:-].{0,140}
    """,
    "ja": r"""
        (?:関連記事|関連ニュース|関連リンク|あわせて読みたい|合わせて読みたい|おすすめ記事|アクセスランキング|続きを読む|もっと見る|こちらも|【関連(?:記事)?】)\s*[:：]?.{0,120}
        (?:写真|画像|出典|提供|撮影|動画|資料写真|イメージ)\s*[:：/＝=].{1,80}
        (?:この記事は有料(?:会員)?.{0,60}|有料会員(?:に|限定).{0,80}|残り\s?\d+文字.{0,60}|無料(?:会員)?登録.{0,60}|会員登録.{0,60}|ログイン.{0,12}|シェア(?:する)?|ツイート|印刷|保存|コメント(?:する)?\s?\d*|広告|読み込み中.{0,4}|フォロー(?:する)?|無断転載.{0,60}|.{0,40}無断転載(?:を)?(?:禁|お断).{0,20}|メルマガ.{0,80}|ニュースレター.{0,80}|アプリを?ダウンロード.{0,40}|目次|要約|まとめ|ポイント|次のページ.{0,40}|全文を読む|音声で聞く)
    """,
    "zh": r"""
        (?:相关(?:阅读|新闻|报道|链接|文章|推荐)|相關(?:閱讀|新聞|報導|文章)|延伸(?:阅读|閱讀)|推荐阅读|推薦閱讀|更多(?:新闻|新聞|精彩|内容|報導)|热门(?:新闻|推荐|文章)|猜你喜欢|看更多|點我看更多|精彩推荐|往期回顾)\s*[:：]?.{0,120}
        (?:来源|來源|图片来源|圖片來源|资料来源|資料來源|摄影|攝影|图源|图|圖|视频|原标题|原題|作者|编辑|編輯|责编|责任编辑|責任編輯|审核|校对|撰文|记者|記者|监制|编审|值班编辑)\s*[:：|/／].{1,80}
        [(（【\[](?:来源|來源|责任编辑|責任編輯|责编|编辑|編輯|图|圖|完|原标题|记者|記者|资料图|資料照)[^)）】\]]{0,60}[)）】\]]
        .{0,80}(?:摄|攝)
        (?:分享(?:(?:到|至).{0,20})?|(?:评论|評論|留言)[\W\d]*|打印|列印|收藏|点赞|广告|廣告|加载中.{0,4}|載入中.{0,4}|订阅.{0,60}|訂閱.{0,60}|关注.{0,40}公众号.{0,40}|扫(?:一扫|码|描).{0,60}|掃.{0,6}碼.{0,40}|下载.{0,30}(?:app|客户端).{0,20}|下載.{0,30}app.{0,20}|版权(?:所有|声明).{0,200}|版權(?:所有|聲明).{0,200}|未经.{0,20}(?:授权|许可).{0,60}|未經.{0,20}(?:授權|許可).{0,60}|免责声明.{0,300}|特别声明.{0,300}|字号.{0,20}|摘要|导读|目录|阅读全文|查看(?:更多|全文|原文)|.{0,30}不用抽.{0,60}|标签[:：].{0,80}|關鍵字[:：].{0,80})
    """,
    "ko": r"""
        (?:관련\s?(?:기사|뉴스|글)|추천\s?(?:기사|뉴스)|많이 본 뉴스|이 기사도|함께 보면 좋은|더\s?보기|이어\s?보기|인기\s?기사|주요\s?뉴스)\s*[:：]?.{0,120}
        (?:사진|자료|출처|이미지|제공|영상|그래픽|사진제공)\s*[=:：/].{1,80}
        (?:구독(?:(?:하기|신청|하세요).{0,30})?|로그인.{0,30}|공유(?:하기)?|댓글.{0,10}|인쇄|스크랩|광고|로딩.{0,6}|좋아요.{0,6}|저작권자?.{0,120}|무단\s?전재.{0,80}|.{0,60}무단\s?전재.{0,60}|카카오톡.{0,60}|네이버.{0,20}(?:구독|채널).{0,40}|기사\s?(?:제보|듣기|저장).{0,60}|제보는.{0,60}|글자\s?크기.{0,30}|요약|목차|\S{2,10}\s?기자\s+\S+@\S+|\S+@\S+\.\S+)
    """,
    "vi th": r"""
        (?:đọc thêm|xem thêm|tin liên quan|bài liên quan|mời (?:quý )?(?:độc giả|bạn đọc)|theo dõi|chia sẻ|bình luận|quảng cáo|đăng ký|đang tải|ảnh|nguồn|อ่านเพิ่มเติม|ข่าวที่เกี่ยวข้อง|โฆษณา|แชร์)\s*(?:[:：|].{0,200}|\W*)
    """,
}
_ANY = re.compile(
    r"[\W\d]{0,3}(?:"
    + "|".join(one.strip() for lines in _LINES.values() for one in lines.strip().split("\n"))
    + r")\W*",
    re.IGNORECASE,
)
# What somebody said is the article's, whatever it asks for; a picture's caption is not.
_REPORTED = re.compile(
    r"\b(?:said|says?|told|added|wrote|urged|asked|advises?|sagte|sagt|erklärte|dit|déclaré|dijo|dice|disse|diz|detto|zei|zegt|powiedzia[łl]a?|сказала?|сообщил[аи]?|कहा|बताया|söyledi|dedi|kata|ujar)\b.{0,80}[.!?।][\"”’»]?$"
    r"|^(?:yes|no|ok)[.!]$",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[^.,]{0,40}[:©|]|[(\[]")
# Who posted a message that stands among the paragraphs.
_POSTED = re.compile(r"\W*[—–-]\s?.{1,80}\(@\w{1,30}\).{0,60}")
_SIGN_OFF = re.compile(
    r"[a-z]{2,5}(?:/[a-zA-Z]{2,4}){0,4}\s*\([^)]{2,60}\)|\([A-Za-z]{2,6}(?:/[A-Za-z]{2,6})*\)|[A-Z]{2,5}/[A-Z]{2,5}"
)
# Heads of boxes that say in advance, once more, what the paragraphs do.
_SUMMARY = re.compile(
    r"\W*(?:(?:story |article |key )?(?:summary|highlights|synopsis|key (?:points|takeaways|facts)|takeaways|quick read|tl;? ?dr|ai summary)|(?:das wichtigste )?in kürze|das wichtigste|zusammenfassung|auf einen blick|"
    r"l['’]essentiel|en bref|en résumé|las claves|resumen|lo más importante|em resumo|resumo|in sintesi|in breve|in het kort|samenvatting|w skrócie|najważniejsze informacje|главное|коротко|кратко|özet|ringkasan|ملخص|أبرز النقاط|सार|सारांश|हाइलाइट्स|मुख्य बातें|要点|摘要|ポイント|요약|(?:pokaż )?spis treści|inhalt(?:sverzeichnis)?|table of contents|in this (?:article|story)|on this page|sommaire|índice|目次|목차|目录|содержание)\W*",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\W*(?:(?:for )?(?:media|press|investors?|news|public relations|pr|more information|further information|editorial)?\s?(?:contacts?|enquir(?:y|ies)|inquir(?:y|ies)|relations(?: contacts?)?)|pressekontakt|contacts? (?:presse|médias)|contacto (?:de prensa|para medios)|contato|contatti|perscontact|контакты)(?:\s*[:\n].*|\W*)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 450  # characters of a line that asks for something; chosen


@lru_cache(maxsize=16_384)  # paragraphs of a page, which is read in several turns
def asks(text: str) -> bool:
    """Tell whether a line is none of an article's: it asks for something, names a picture, a tool, an advertisement."""
    if len(text) >= _LONGEST or (_REPORTED.search(text) and not _LABELLED.match(text)):
        return False
    return any(pattern.fullmatch(text) for pattern in (_ASKS, _ANY, _POSTED, _SIGN_OFF))


@lru_cache(maxsize=16_384)
def is_legal(text: str) -> bool:
    """Tell what a publisher says of itself below each of its pages."""
    return _LEGAL.search(text) is not None


def leads_on(text: str) -> bool:
    """Tell whether a line leads to other articles."""
    return len(text) < _LONGEST and _LEADS.fullmatch(text) is not None


def ends_article(text: str) -> bool:
    """Tell whether a line is the head of what stands below an article."""
    return len(text) < _LONGEST and not text.endswith(".") and _LAST.fullmatch(text) is not None


def heads_summary(text: str) -> bool:
    """Tell whether a line is the head of a box that tells the article in short."""
    return len(text) < _LONGEST and _SUMMARY.fullmatch(text) is not None


def heads_contact(text: str) -> bool:
    """Tell whether a line is the head of whom the press may ask, with it or before it."""
    return len(text) < _LONGEST and _CONTACT.fullmatch(text) is not None
