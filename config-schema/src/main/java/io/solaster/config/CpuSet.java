package io.solaster.config;

import java.util.BitSet;
import java.util.stream.IntStream;

/** An immutable set of CPU numbers, read and printed as Linux lists such as {@code 0-3,8,10-12}. */
public final class CpuSet {
    /** No CPU. */
    public static final CpuSet EMPTY = new CpuSet(new BitSet());

    private final BitSet cpus;

    private CpuSet(BitSet cpus) {
        this.cpus = cpus;
    }

    /** The given CPUs. */
    public static CpuSet of(int... cpus) {
        BitSet bits = new BitSet();
        for (int cpu : cpus) {
            bits.set(cpu);
        }
        return new CpuSet(bits);
    }

    /** The CPUs whose bits are set; the argument is copied. */
    public static CpuSet of(BitSet bits) {
        return new CpuSet((BitSet) bits.clone());
    }

    /**
     * Reads a Linux CPU list; white space around it is ignored, the empty text is the empty set.
     *
     * @throws IllegalArgumentException if the text is no such list
     */
    public static CpuSet parse(String list) {
        throw new UnsupportedOperationException(list);
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

    @Override
    public String toString() {
        return cpus.toString();
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
