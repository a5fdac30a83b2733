"""Names and streets that people are made of: with accents, hyphens, apostrophes, and pairs that are nearly alike."""

# fmt: off
GIVEN = [
    "Ada", "Beatriz", "Chloé", "Dana", "Esmé", "Fatima", "Grace", "Hana", "Inés", "Jade", "Kira", "Lucía", "Maya",
    "Noémie", "Olga", "Paula", "Quinn", "Rosa", "Sofía", "Tara", "Una", "Vera", "Wanda", "Xenia", "Yara", "Zoë",
    "Anna-Marie", "Bo", "Cleo", "Dee", "Robert", "William", "Margaret", "Elizabeth", "Caroline", "Katherine", "James",
    "Layla", "Ayla", "Maria", "Aria", "Zoey", "Eleanor", "Ellie", "Nora", "Cora", "Isabella", "Victoria", "Genesis",
    "Scarlett", "Everleigh", "Paisley", "Mia", "Omar", "Siobhán", "Serenity", "Kennedy", "Madison", "Athena", "Leah",
]
FAMILY = [
    "Adler", "Baker", "Castañeda", "Dvořák", "Evans", "Fischer", "García", "Hughes", "Ito", "Jones", "Keller", "López",
    "Müller", "Novak", "O'Brien", "Perez", "Quigley", "Rossi", "Sørensen", "Tan", "Underwood", "Vargas", "Weiß", "Xu",
    "Young", "Zhang", "Smith-Lee", "D'Angelo", "Nuñez", "Okafor", "van-der-Berg", "Thompson", "Richardson", "Powell",
    "Sanchez", "Hernandez", "Walker", "Sullivan", "Brooks", "Coleman",
]
# fmt: on
NICKNAMES = {
    "Robert": "Bob",
    "William": "Bill",
    "Margaret": "Peggy",
    "Elizabeth": "Liz",
    "Caroline": "Carrie",
    "Katherine": "Kate",
    "James": "Jim",
    "Victoria": "Vicky",
    "Isabella": "Bella",
    "Eleanor": "Nell",
}
STREETS = ["Cedar St", "Elm Ave", "Lamar Blvd", "Pecan Rd", "Rio Grande", "2nd St"]
