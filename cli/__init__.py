"""The command line's verbs. They put the parts together and print; nothing imports them but main.py."""
