package io.solaster.store.message;

/** Classes of events that are told of, in Redis's letters. */
public final class EventClasses {
    /** Whether the letters make sense; else this is what Redis says. */
    public static final String UNKNOWN = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    private static final String LETTERS = "g$lshzxetdnKEm";
    private static final String ALL = "g$lshzxetd";

    private EventClasses() {}

    static int bit(char letter) {
        return 1 << LETTERS.indexOf(letter);
    }

    /** The classes of letters, a bit each; -1 where one is unknown. */
    public static int parse(String letters) {
        int classes = 0;
        for (int i = 0; i < letters.length(); i++) {
            char letter = letters.charAt(i);
            if (letter == 'A') {
                classes |= all();
            } else if (LETTERS.indexOf(letter) >= 0) {
                classes |= bit(letter);
            } else {
                return -1;
            }
        }
        return classes;
    }

    /** The letters of classes, as Redis writes them. */
    public static String letters(int classes) {
        StringBuilder letters = new StringBuilder();
        boolean all = (classes & all()) == all();
        if (all) {
            letters.append('A');
        }
        for (int i = 0; i < LETTERS.length(); i++) {
            char letter = LETTERS.charAt(i);
            if ((classes & 1 << i) != 0 && (!all || "KEm".indexOf(letter) >= 0)) {
                letters.append(letter);
            }
        }
        return letters.toString();
    }

    private static int all() {
        int classes = 0;
        for (int i = 0; i < ALL.length(); i++) {
            classes |= bit(ALL.charAt(i));
        }
        return classes;
    }
}
