package io.solaster.config.value;

import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * An immutable set of CPU numbers, read and printed as Linux lists such as {@code 0-3,8,10-12}: the form that sysfs,
 * cgroups and people write. Any thread may use it.
 */
public final class CpuSet {
    /** The highest number that a CPU may have: Linux is built for at most 8192. */
    public static final int MAX_CPU = 8191;

    /** No CPU. */
    public static final CpuSet EMPTY = new CpuSet(new BitSet());

    private static final Pattern PART = Pattern.compile("([0-9]+)(?:\\s*-\\s*([0-9]+))?");

    private final BitSet cpus;

    private CpuSet(BitSet cpus) {
        this.cpus = cpus;
    }

    /**
     * The given CPUs.
     *
     * @throws IllegalArgumentException if a number is below 0 or above {@link #MAX_CPU}
     */
    public static CpuSet of(int... cpus) {
        BitSet bits = new BitSet();
        for (int cpu : cpus) {
            if (cpu < 0 || cpu > MAX_CPU) {
                throw new IllegalArgumentException(
                        "no CPU has the number " + cpu + "; give numbers from 0 to " + MAX_CPU);
            }
            bits.set(cpu);
        }
        return new CpuSet(bits);
    }

    /** The CPUs from the first to the last, both included; none if the last is below the first. */
    public static CpuSet range(int first, int last) {
        return of(IntStream.rangeClosed(first, last).toArray());
    }

    /** The CPUs whose bits are set; the argument is copied. */
    public static CpuSet of(BitSet bits) {
        return new CpuSet((BitSet) bits.clone());
    }

    /**
     * Reads a Linux CPU list; white space around it and around its parts is ignored, the empty text is the empty set.
     *
     * @throws IllegalArgumentException if the text is no such list, with the text, what is wrong and the fix
     */
    public static CpuSet parse(String list) {
        if (list.isBlank()) {
            return EMPTY;
        }
        BitSet bits = new BitSet();
        for (String part : list.split(",", -1)) {
            Matcher form = PART.matcher(part.strip());
            if (!form.matches()) {
                throw new IllegalArgumentException(
                        "'" + list.strip() + "' is no CPU list; write numbers and ranges, such as '0-3,8'");
            }
            int first = number(form.group(1), list);
            int last = form.group(2) == null ? first : number(form.group(2), list);
            if (last < first) {
                throw new IllegalArgumentException("'" + part.strip() + "' in the CPU list '" + list.strip()
                        + "' runs backwards; write '" + last + "-" + first + "'");
            }
            bits.set(first, last + 1);
        }
        return new CpuSet(bits);
    }

    private static int number(String digits, String list) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        if (significant.length() > 4 || Integer.parseInt(significant) > MAX_CPU) {
            throw new IllegalArgumentException("CPU " + significant + " in the CPU list '" + list.strip()
                    + "' does not exist; write numbers from 0 to " + MAX_CPU);
        }
        return Integer.parseInt(significant);
    }

    public boolean contains(int cpu) {
        return cpus.get(cpu);
    }

    public boolean isEmpty() {
        return cpus.isEmpty();
    }

    public int size() {
        return cpus.cardinality();
    }

    /**
     * The lowest CPU number.
     *
     * @throws java.util.NoSuchElementException if the set is empty
     */
    public int first() {
        return cpus.stream().findFirst().orElseThrow();
    }

    /** Whether every CPU of the other is here too. */
    public boolean containsAll(CpuSet other) {
        return other.minus(this).isEmpty();
    }

    /** The CPU numbers, ascending. */
    public IntStream stream() {
        return cpus.stream();
    }

    /** A copy as a bit set. */
    public BitSet toBitSet() {
        return (BitSet) cpus.clone();
    }

    /** The CPUs that are in both. */
    public CpuSet and(CpuSet other) {
        BitSet bits = toBitSet();
        bits.and(other.cpus);
        return new CpuSet(bits);
    }

    /** The CPUs that are here and not in the other. */
    public CpuSet minus(CpuSet other) {
        BitSet bits = toBitSet();
        bits.andNot(other.cpus);
        return new CpuSet(bits);
    }

    /** The CPUs that are in either. */
    public CpuSet or(CpuSet other) {
        BitSet bits = toBitSet();
        bits.or(other.cpus);
        return new CpuSet(bits);
    }

    /** The shortest Linux list, such as {@code 0-3,8}; the empty text for the empty set. */
    @Override
    public String toString() {
        StringBuilder list = new StringBuilder();
        for (int first = cpus.nextSetBit(0); first >= 0;) {
            int end = cpus.nextClearBit(first);
            list.append(list.isEmpty() ? "" : ",").append(first);
            if (end - first > 1) {
                list.append('-').append(end - 1);
            }
            first = cpus.nextSetBit(end);
        }
        return list.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CpuSet that && cpus.equals(that.cpus);
    }

    @Override
    public int hashCode() {
        return cpus.hashCode();
    }
}
