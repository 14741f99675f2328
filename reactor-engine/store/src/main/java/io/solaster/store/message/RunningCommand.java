package io.solaster.store.message;

/** The command that changes keys now, as who tells of it sees it. On the shard where it runs. */
public interface RunningCommand {
    /** Arguments, the command's name included. */
    int count();

    /** Whether an argument is a word, in whatever case; the word is given in lower case. */
    boolean is(int argument, String word);
}
