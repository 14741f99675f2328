package io.solaster.store.rdb;

import io.solaster.store.rdb.ValueWriter.State;

/** A value on its way to what {@code DUMP} answers: with version and check sum, in as many steps as it takes. */
public final class Dump {
    private final ValueWriter writer;
    private final Pieces to;
    private long sum;
    private int block; // up to which all is in the sum
    private int within;

    /** @param to where to write */
    public Dump(ValueWriter writer, Pieces to) {
        this.writer = writer;
        this.to = to;
    }

    /** Begins with a value. */
    public void begin(long entry) {
        to.clear();
        sum = 0;
        block = 0;
        within = 0;
        writer.begin(entry);
    }

    /**
     * Writes a little more; where fields have expired meanwhile it begins anew.
     *
     * @param entry where the value lies now
     * @return whether the dump is whole
     */
    public boolean step(long entry) {
        State state = writer.step(entry, to);
        if (state == State.CHANGED) {
            begin(entry);
            return false;
        }
        addUp();
        if (state == State.DONE) {
            DumpWriter.footer(to, writer.type(), sum);
            return true;
        }
        return false;
    }

    private void addUp() {
        while (block < to.count()) {
            int more = to.length(block) - within;
            sum = Crc64.of(sum, to.address(block) + within, more);
            within += more;
            if (block + 1 == to.count()) {
                return;
            }
            block++;
            within = 0;
        }
    }

    /** Writes a value in one step. */
    public void whole(long entry) {
        begin(entry);
        boolean done = false;
        while (!done) {
            done = step(entry);
        }
    }
}
