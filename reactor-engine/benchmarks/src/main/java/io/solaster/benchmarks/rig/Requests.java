package io.solaster.benchmarks.rig;

import java.nio.charset.StandardCharsets;

/** GET and SET of keys {@code key:000000000000} and up, as redis-benchmark names them, built without allocating. */
public final class Requests {
    private static final int DIGITS = 12;

    private final byte[] get;
    private final byte[] set;
    private final int getDigits;
    private final int setDigits;

    public Requests(int valueBytes) {
        this(valueBytes, 0);
    }

    /** @param expiry Unix milliseconds at which what is set expires; 0 for never */
    public Requests(int valueBytes, long expiry) {
        String key = "$16\r\nkey:";
        String getHead = "*2\r\n$3\r\nGET\r\n" + key;
        String time = Long.toString(expiry);
        String setTail = expiry == 0 ? "" : "$4\r\nPXAT\r\n$" + time.length() + "\r\n" + time + "\r\n";
        String setHead = (expiry == 0 ? "*3" : "*5") + "\r\n$3\r\nSET\r\n" + key;
        String digits = "0".repeat(DIGITS);
        get = (getHead + digits + "\r\n").getBytes(StandardCharsets.US_ASCII);
        set = (setHead + digits + "\r\n$" + valueBytes + "\r\n" + "x".repeat(valueBytes) + "\r\n" + setTail)
                .getBytes(StandardCharsets.US_ASCII);
        getDigits = getHead.length();
        setDigits = setHead.length();
    }

    public int getLength() {
        return get.length;
    }

    public int setLength() {
        return set.length;
    }

    public void get(long key, byte[] to, int at) {
        System.arraycopy(get, 0, to, at, get.length);
        digits(key, to, at + getDigits);
    }

    public void set(long key, byte[] to, int at) {
        System.arraycopy(set, 0, to, at, set.length);
        digits(key, to, at + setDigits);
    }

    private static void digits(long key, byte[] to, int at) {
        long rest = key;
        for (int i = DIGITS - 1; i >= 0; i--) {
            to[at + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }
}
