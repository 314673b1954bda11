/* Words for the titles of the made-up library.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_DEMO_WORDS_H
#define SASREC_DEMO_WORDS_H

#define WORDS_NOUNS 20

typedef struct {
    const char *name;               /* the category */
    const char *collection;         /* "Harrow Lane <collection>" */
    const char *nouns[WORDS_NOUNS]; /* "The Amber <noun>" */
} words_category_t;

static const words_category_t words_categories[] = {
    {"Mystery", "Mysteries",
        {"Alibi", "Witness", "Ledger", "Staircase", "Telegram", "Locksmith", "Verdict",
            "Lodger", "Keyhole", "Inheritance", "Footprint", "Postcard", "Cellar",
            "Understudy", "Pocket Watch", "Confession", "Night Train", "Signature",
            "Stranger", "Bell Tower"}},
    {"Science Fiction", "Cycle",
        {"Orbit", "Signal", "Colony", "Starship", "Paradox", "Horizon", "Android",
            "Eclipse", "Outpost", "Singularity", "Beacon", "Meridian", "Airlock",
            "Comet", "Archive", "Quantum", "Voyager", "Gravity", "Nebula", "Protocol"}},
    {"Fantasy", "Saga",
        {"Dragon", "Crown", "Sorcerer", "Oath", "Citadel", "Rune", "Sword", "Prophecy",
            "Thorn", "Griffin", "Enchantress", "Throne", "Wanderer", "Spire", "Amulet",
            "Wolf King", "Mirror", "Exile", "Tempest", "Gatekeeper"}},
    {"History", "Histories",
        {"Empire", "Merchant", "Treaty", "Voyage", "Dynasty", "Cathedral", "Revolution",
            "Frontier", "Chronicle", "Senate", "Cartographer", "Siege", "Harvest",
            "Printing Press", "Monarch", "Spice Road", "Armada", "Aqueduct", "Envoy",
            "Republic"}},
    {"Cooking", "Kitchen",
        {"Oven", "Pantry", "Broth", "Table", "Loaf", "Market", "Spice Box", "Skillet",
            "Orchard", "Supper", "Picnic", "Pickle Jar", "Bakery", "Breakfast", "Feast",
            "Noodle Bowl", "Cellar Book", "Herb Plate", "Grill", "Dessert Cart"}},
    {"Travel", "Journeys",
        {"Harbour", "Passport", "Mountain Pass", "Island", "Railway", "Caravan",
            "Coast", "Lagoon", "Trail", "Border", "Ferry", "Plateau", "Old Town",
            "Lighthouse", "Canyon", "Monsoon", "Market Square", "Backpack", "Fjord",
            "Crossing"}},
    {"Nature", "Field Guides",
        {"Heron", "Meadow", "Forest", "River", "Fox", "Tide", "Moss", "Owl", "Glacier",
            "Beetle", "Willow", "Salmon", "Hedgerow", "Falcon", "Reef", "Mushroom",
            "Badger", "Dune", "Wetland", "Swallow"}},
    {"Music", "Sessions",
        {"Ballad", "Drummer", "Overture", "Melody", "Quartet", "Chorus", "Violin",
            "Rehearsal", "Encore", "Bassline", "Nocturne", "Piano", "Trumpet",
            "Serenade", "Record Shop", "Harmony", "Conductor", "Refrain", "Songbook",
            "Cadence"}},
    {"Design", "Workshop",
        {"Chair", "Blueprint", "Typeface", "Pattern", "Studio", "Lamp", "Poster",
            "Workbench", "Facade", "Colour Wheel", "Grid", "Teapot", "Sketchbook",
            "Pavilion", "Loom", "Emblem", "Staircase", "Fabric", "Model", "Window"}},
    {"Poetry", "Verses",
        {"Rain", "Letter", "Winter", "Garden", "Shadow", "Bridge", "Lantern", "Sea",
            "Silence", "Window", "Bird", "Clock", "Orchard", "Road", "Moon", "Bread",
            "Door", "Field", "Salt", "Morning"}},
};

static const char *const words_adjectives[] = {"Amber", "Silent", "Crimson", "Hidden",
    "Golden", "Broken", "Distant", "Frozen", "Velvet", "Hollow", "Restless",
    "Forgotten", "Emerald", "Quiet", "Burning", "Wandering", "Silver", "Ancient",
    "Secret", "Painted", "Last", "Bright", "Northern", "Borrowed", "Crooked", "Glass",
    "Gentle", "Iron", "Lonely", "Midnight", "Paper", "Patient", "Rising", "Salted",
    "Scarlet", "Second", "Sleeping", "Southern", "Stolen", "Summer", "Tender",
    "Unwritten", "Wild", "Winding", "Wooden", "Young", "Fading"};

static const char *const words_names[] = {"Harrow Lane", "Ashdown", "Bellweather",
    "Calder", "Dunmore", "Eastgate", "Fairholm", "Greystone", "Hollin", "Iverness",
    "Juniper", "Kestrel", "Larkspur", "Marrow Bay", "Northmoor", "Oakhaven", "Pemberly",
    "Quillon", "Ravenel", "Saltmarsh", "Thornbury", "Umber", "Vesper", "Westlake",
    "Yarrow", "Zephyr", "Amberley", "Birchwood", "Corvane", "Dovetail", "Elmsworth",
    "Foxglove", "Garrick", "Hawksmoor", "Islay", "Jasper", "Kingsley", "Linden",
    "Merrow", "Nettle", "Orrin", "Pinecrest", "Rowan", "Sable", "Tamarind", "Upland",
    "Wexcombe"};

#endif
