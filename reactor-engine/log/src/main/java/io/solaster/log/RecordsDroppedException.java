package io.solaster.log;

import java.io.IOException;

/** A reader asked for records that retention has let go of: see {@link LogReader#read}. */
public final class RecordsDroppedException extends IOException {
    private static final long serialVersionUID = 1;

    private final long oldest;

    RecordsDroppedException(String log, long wanted, long oldest) {
        super("record " + wanted + " of " + log + " is not kept any more; the oldest one is " + oldest
                + ": read on from there, or keep more with solaster.logs.<name>.retain");
        this.oldest = oldest;
    }

    /** The sequence of the oldest record that there is, or of the next one where there is none. */
    public long oldest() {
        return oldest;
    }
}
