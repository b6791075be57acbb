"""What the generated questions are about: slots, their values and the values' names.

Why several names for a value: a duplicate may say `NYC` for `New York`, so that equal meaning needs
more than equal words. Values are separated by `;`, the names of one value by `|`; the first values
of a slot are drawn more often.
"""

_SLOTS = {
    "skill": "Python|Python programming;guitar|the guitar;chess;Spanish|the Spanish language;"
    "machine learning|ML;calculus;public speaking|speaking in public;swimming;web development;"
    "drawing|how to draw;French|the French language;algebra;cooking|how to cook;the piano|piano;"
    "data science;Java|Java programming;photography;typing|touch typing;boxing;statistics",
    "period": "a month|30 days|one month;a week|7 days|one week;a year|one year|12 months;"
    "a weekend|one weekend|two days;six months|half a year;a day|one day|24 hours;"
    "two weeks|14 days;three months|90 days",
    "city": "New York|NYC|New York City;London;Delhi|New Delhi;Mumbai|Bombay;San Francisco|SF;"
    "Bangalore|Bengaluru;Los Angeles|LA;Paris;Tokyo;Berlin;Toronto;Singapore;Chennai|Madras;"
    "Hyderabad;Sydney;Chicago;Boston;Dubai;Kolkata|Calcutta;Rome",
    "price": "cheap|affordable|low cost;expensive|luxury|high end;good|nice|decent;"
    "the best|the top;family friendly|child friendly;quiet|peaceful",
    "device": "iPhone|Apple phone;laptop|notebook computer;Android phone|Android;router;"
    "printer;TV|television;MacBook|Apple laptop;PC|desktop computer;tablet;camera;Kindle|e-reader;"
    "car|automobile;washing machine;headphones|earphones;hard drive|hard disk;microwave",
    "fault": "turn on|start|power up;connect to the internet|go online;charge;turn off|shut down;"
    "play sound|make any sound;save files|store files;update|install updates;work|function",
    "country": "India;the US|the USA|America;Canada;Germany;Australia;the UK|Britain;China;Japan;"
    "France;Brazil;Russia;Pakistan;Italy;Sweden;Norway;Spain;Ireland;Mexico",
    "occupation": "doctor|physician;software engineer|programmer;teacher|schoolteacher;lawyer;"
    "pilot;nurse;data scientist;chef|cook;journalist|reporter;architect;mechanical engineer;"
    "accountant;dentist;police officer|cop;professor;actor;economist",
    "food": "coffee;green tea;milk;eggs;rice;chocolate;bananas;red meat|beef;sugar;bread;cheese;"
    "honey;fish;garlic;salt;peanuts;apples;alcohol|liquor",
    "body": "weight loss|losing weight;sleep|sleeping;the skin|skin;the heart|heart health;"
    "muscle growth|building muscle;memory|the brain;digestion|the stomach;hair growth|hair",
    "person": "boyfriend;girlfriend;mother|mom;father|dad;boss|manager;best friend;teacher;"
    "roommate|flatmate;brother;sister;husband;wife;neighbor|neighbour;coworker|colleague;ex",
    "trouble": "lies to me|does not tell me the truth;ignores me|does not talk to me;"
    "owes me money|borrowed money from me;shouts at me|yells at me;is jealous of me|envies me;"
    "hates me|cannot stand me;loves me|is in love with me;is depressed|suffers from depression",
    "site": "Facebook;Instagram|Insta;Quora;Gmail|Google mail;WhatsApp;YouTube;Twitter;LinkedIn;"
    "Snapchat;Amazon;Reddit;Netflix;Uber;Skype;Tinder;Pinterest",
    "item": "account|profile;password;messages|chats;photos|pictures;videos;comments;phone number;"
    "history|search history;contacts;name|username",
    "exam": "the GRE|GRE;the GMAT|GMAT;the SAT|SAT;the IELTS|IELTS;the TOEFL|TOEFL;the bar exam;"
    "the CAT exam|CAT;the JEE|IIT JEE;the UPSC exam|UPSC;the CFA exam|CFA;the NEET|NEET",
    "sum": "$100|100 dollars;$1,000|1000 dollars|one thousand dollars;$10,000|10,000 dollars;"
    "$500|500 dollars;$5,000|5,000 dollars;$50|50 dollars;$1 million|a million dollars",
    "asset": "stocks|shares;bitcoin;gold;real estate|property;mutual funds;bonds;a startup;"
    "crude oil;a savings account;cryptocurrency|crypto;silver",
    "animal": "cat;dog;horse;parrot;hamster;rabbit|bunny;snake;goldfish;turtle|tortoise;cow;pig;"
    "chicken|hen;ferret;goat",
}

SLOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    slot: tuple(tuple(value.split("|")) for value in values.split(";"))
    for slot, values in _SLOTS.items()
}
