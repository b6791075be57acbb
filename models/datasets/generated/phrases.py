"""How the generated questions are worded: families of intents, each in several wordings.

Why families: the intents of one family share their slots, so a pair can differ in the intent
only, or in one filler only. Those are the negatives that are hardest for a bag of words.
In a family each line is a wording; a blank line separates intents, and `---` separates families.
"""

_FAMILIES = """
How can I learn {skill} in {period}?
What is the best way to learn {skill} within {period}?
Is there any way to master {skill} in just {period}?
I want to get good at {skill} in {period}. Where should I start?

How much does it cost to take {skill} lessons for {period}?
What is the price of {period} of classes in {skill}?
How expensive would {period} of {skill} training be?

Why did I forget {skill} after {period}?
Is it normal to lose {skill} when you stop for {period}?
I have not practiced {skill} for {period}. Will I forget everything?

---

Where can I find {price} hotels in {city}?
Which are some {price} places to stay in {city}?
What {price} hotel would you recommend in {city}?
I am visiting {city}. Where should I stay if I want something {price}?

Where can I find {price} restaurants in {city}?
What are some {price} places to eat in {city}?
Which restaurant in {city} is {price}?
Where do people go for {price} food in {city}?

Which neighborhoods in {city} are {price}?
What is a {price} area to live in {city}?
I am moving to {city}. Which part of it is {price}?

---

Why does my {device} not {fault}?
What is the reason that a {device} will not {fault}?
What could cause a {device} to stop being able to {fault}?
My {device} won't {fault}. Why is that?

How do I fix a {device} that does not {fault}?
What should I do if my {device} will not {fault}?
How can I repair my {device} when it won't {fault}?
My {device} cannot {fault}. What is the solution?

How much is the repair of a {device} that does not {fault}?
What does a shop charge to fix a {device} that won't {fault}?
Is it cheaper to replace a {device} if it will not {fault}?

---

How do I become a {occupation} in {country}?
What does it take to be a {occupation} in {country}?
What steps should I take to work as a {occupation} in {country}?
I live in {country} and want to be a {occupation}. What must I do?

How much does a {occupation} earn in {country}?
What is the average salary of a {occupation} in {country}?
How well are {occupation} jobs paid in {country}?
Do {occupation} jobs in {country} make good money?

How many hours does a {occupation} work in {country}?
What is the daily life of a {occupation} like in {country}?
How stressful is it to be a {occupation} in {country}?

---

Is {food} good for {body}?
Does eating {food} help with {body}?
What are the benefits of {food} for {body}?
Can {food} improve {body}?

Is {food} bad for {body}?
Does eating {food} harm {body}?
What are the side effects of {food} on {body}?
Should I avoid {food} because of {body}?

How much {food} should I have each day for {body}?
What amount of {food} is right for {body}?
When is the best time to have {food} for {body}?

---

What should I do if my {person} {trouble}?
How do I deal with a {person} who {trouble}?
My {person} {trouble}. What is the right thing to do?
How should one handle it when a {person} {trouble}?

How do I know if my {person} {trouble}?
What are the signs that a {person} {trouble}?
How can you tell whether your {person} {trouble}?
Is there a way to find out if my {person} {trouble}?

Why do I think that my {person} {trouble}?
What makes me feel that my {person} {trouble}?
I always feel that my {person} {trouble}. What is the cause?

---

How do I delete my {item} on {site}?
How can I permanently remove my {item} from {site}?
What is the way to erase my {site} {item}?
I don't want my {item} on {site} anymore. How do I get rid of it?

How can I recover my {item} on {site}?
Is it possible to get back lost {item} from {site}?
How do I restore my {site} {item}?
I lost my {item} on {site}. Can I get it back?

How can someone hack my {item} on {site}?
Can a stranger see my {site} {item}?
Is my {item} safe on {site}?
How do I protect my {item} on {site} from other people?

---

How should I prepare for {exam} in {period}?
Is {period} enough to study for {exam}?
What is a good study plan for {exam} if I only have {period}?
Can I crack {exam} with {period} of preparation?

What happens if I fail {exam} and have {period} until the next try?
I failed {exam}. Should I wait {period} and take it again?
Can one retake {exam} after {period}?

---

How should I invest {sum} in {asset}?
What is the best way to put {sum} into {asset}?
I have {sum} and want to buy {asset}. How do I begin?
Which {asset} should a beginner buy with {sum}?

Is it safe to invest {sum} in {asset}?
What are the risks of putting {sum} into {asset}?
Could I lose {sum} that I invested in {asset}?
Is {asset} a bad idea if all I have is {sum}?

How much will {sum} in {asset} be worth in ten years?
What return can I expect on {sum} in {asset}?
How much profit does {asset} make on {sum}?

---

Can a {animal} eat {food}?
Is it safe to give {food} to a {animal}?
What happens when a {animal} eats {food}?
Is {food} harmful to my {animal}?

Why does my {animal} like {food}?
What makes a {animal} want to eat {food}?
My {animal} loves {food}. Why is that?

---

How do I move from {country} to {city}?
What is the process of relocating to {city} from {country}?
I am from {country}. How can I settle in {city}?
What do I need to move to {city} if I live in {country}?

How can I get a job in {city} from {country}?
Do companies in {city} hire people from {country}?
I live in {country}. How do I find work in {city}?
What are the chances of being employed in {city} for someone from {country}?

How long is the flight from {country} to {city}?
What is the cheapest way to travel to {city} from {country}?
Which airline flies from {country} to {city}?
"""

OPENINGS = ("Hi, ", "Just curious: ", "Serious question: ", "As a beginner, ", "Honestly, ")
CLOSINGS = (" Please help.", " Any advice?", " Thanks!", " I have no idea.", " Why or why not?")
CONTRACTIONS = (
    ("What is ", "What's "),
    ("does not ", "doesn't "),
    ("will not ", "won't "),
    ("I am ", "I'm "),
    ("I have ", "I've "),
    ("cannot ", "can't "),
    (" do not ", " don't "),
)

FAMILIES: tuple[tuple[tuple[str, ...], ...], ...] = tuple(
    tuple(tuple(intent.split("\n")) for intent in family.split("\n\n"))
    for family in _FAMILIES.strip().split("\n\n---\n\n")
)
