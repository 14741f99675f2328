package io.solaster.store.keyspace;

/** Tells two of all effects. */
record BothEffects(Effects one, Effects two) implements Effects {
    @Override
    public void put(long entry) {
        one.put(entry);
        two.put(entry);
    }

    @Override
    public void removed(long key, int keyLength) {
        one.removed(key, keyLength);
        two.removed(key, keyLength);
    }

    @Override
    public void expires(long key, int keyLength, long expiry) {
        one.expires(key, keyLength, expiry);
        two.expires(key, keyLength, expiry);
    }

    @Override
    public void cleared() {
        one.cleared();
        two.cleared();
    }

    @Override
    public void emptied() {
        one.emptied();
        two.emptied();
    }

    @Override
    public void swapped(int first, int second) {
        one.swapped(first, second);
        two.swapped(first, second);
    }

    @Override
    public void moved(long entry, int to) {
        one.moved(entry, to);
        two.moved(entry, to);
    }

    @Override
    public void changed(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
            int secondLength) {
        one.changed(step, key, keyLength, number, first, firstLength, second, secondLength);
        two.changed(step, key, keyLength, number, first, firstLength, second, secondLength);
    }
}
