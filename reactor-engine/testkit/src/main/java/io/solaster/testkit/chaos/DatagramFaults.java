package io.solaster.testkit.chaos;

import java.time.Duration;

/**
 * What a network does to the datagrams that go one way. Immutable.
 *
 * @param delay how much later they arrive
 * @param jitter up to so much later again, by chance: they may overtake each other
 * @param bytesPerSecond how many bytes pass in a second; what would wait for longer than a second is lost; 0 for no bound
 * @param loss how likely it is that one never arrives, 0 to 1
 * @param doubles how likely it is that one arrives twice, 0 to 1
 * @param corrupt how likely it is that one byte of one is changed, 0 to 1
 */
public record DatagramFaults(Duration delay, Duration jitter, long bytesPerSecond, double loss, double doubles,
        double corrupt) {
    /** All pass at once. */
    public static final DatagramFaults NONE = new DatagramFaults(Duration.ZERO, Duration.ZERO, 0, 0, 0, 0);

    public DatagramFaults {
        if (delay.isNegative() || jitter.isNegative() || bytesPerSecond < 0 || !isLikelihood(loss)
                || !isLikelihood(doubles) || !isLikelihood(corrupt)) {
            throw new IllegalArgumentException("delay " + delay + ", jitter " + jitter + ", " + bytesPerSecond
                    + " bytes a second, loss " + loss + ", doubles " + doubles + ", corrupt " + corrupt
                    + "; none may be negative, the last three are at most 1");
        }
    }

    private static boolean isLikelihood(double value) {
        return value >= 0 && value <= 1;
    }

    /** The same, later. */
    public DatagramFaults delayed(Duration newDelay) {
        return new DatagramFaults(newDelay, jitter, bytesPerSecond, loss, doubles, corrupt);
    }

    /** The same, later by chance, and out of order. */
    public DatagramFaults jittered(Duration newJitter) {
        return new DatagramFaults(delay, newJitter, bytesPerSecond, loss, doubles, corrupt);
    }

    /** The same, slower. */
    public DatagramFaults throttled(long newBytesPerSecond) {
        return new DatagramFaults(delay, jitter, newBytesPerSecond, loss, doubles, corrupt);
    }

    /** The same, with some that are lost. */
    public DatagramFaults lost(double likelihood) {
        return new DatagramFaults(delay, jitter, bytesPerSecond, likelihood, doubles, corrupt);
    }

    /** The same, with some that arrive twice. */
    public DatagramFaults doubled(double likelihood) {
        return new DatagramFaults(delay, jitter, bytesPerSecond, loss, likelihood, corrupt);
    }

    /** The same, with some that are changed on the way. */
    public DatagramFaults corrupted(double likelihood) {
        return new DatagramFaults(delay, jitter, bytesPerSecond, loss, doubles, likelihood);
    }
}
