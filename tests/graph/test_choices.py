from graph.choices import Lookup, no_such_choice


class Counting:
    """A source that counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def names(self):
        return ["a", "b"]

    def find(self, name):
        self.asked += 1
        return name if name in self.names() else None

    def identity(self, name):
        self.asked += 1
        if name == "b":
            raise OSError("it was deleted a moment ago")
        return "1"


def test_within_one_lookup_the_world_stands_still():
    source = Counting()
    lookup = Lookup({"files": source})
    for _ in range(5):
        assert lookup.find("files", "a").name == "a"
        assert lookup.identity("files", "a") == "1"
    assert source.asked == 2


def test_what_cannot_be_read_any_more_is_like_nothing_before():
    first, second = (Lookup({"files": Counting()}).identity("files", "b") for _ in range(2))
    assert first != second


def test_sentences_about_missing_names():
    assert no_such_choice("x", []) == "there is no 'x'; the list is empty"
    assert no_such_choice("eular", ["euler", "heun"]) == "there is no 'eular'; the nearest is 'euler'"
    assert no_such_choice("x", list("abcdefg")) == "there is no 'x' among 'a', 'b', 'c', 'd', 'e' and 2 more"
