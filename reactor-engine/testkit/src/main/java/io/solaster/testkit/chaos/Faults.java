package io.solaster.testkit.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a network does to the bytes that go one way. Immutable.
 *
 * @param delay how much later bytes arrive
 * @param jitter up to so much later again, by chance; order is kept on a connection
 * @param bytesPerSecond how many bytes pass in a second; 0 for no bound
 * @param corrupt how likely it is that one byte of a piece is changed, 0 to 1
 * @param isCut whether nothing arrives; neither side is told, and what was sent is lost
 */
public record Faults(Duration delay, Duration jitter, long bytesPerSecond, double corrupt, boolean isCut) {
    /** All passes at once. */
    public static final Faults NONE = new Faults(Duration.ZERO, Duration.ZERO, 0, 0, false);

    public Faults {
        if (delay.isNegative() || jitter.isNegative() || bytesPerSecond < 0 || !(corrupt >= 0 && corrupt <= 1)) {
            throw new IllegalArgumentException("delay " + delay + ", jitter " + jitter + ", " + bytesPerSecond
                    + " bytes a second, corrupt " + corrupt + "; none may be negative, corrupt is at most 1");
        }
    }

    /** The same, later. */
    public Faults delayed(Duration newDelay) {
        return new Faults(newDelay, jitter, bytesPerSecond, corrupt, isCut);
    }

    /** The same, later by chance. */
    public Faults jittered(Duration newJitter) {
        return new Faults(delay, newJitter, bytesPerSecond, corrupt, isCut);
    }

    /** The same, slower. */
    public Faults throttled(long newBytesPerSecond) {
        return new Faults(delay, jitter, newBytesPerSecond, corrupt, isCut);
    }

    /** The same, with bytes that are changed on the way. */
    public Faults corrupted(double likelihood) {
        return new Faults(delay, jitter, bytesPerSecond, likelihood, isCut);
    }

    /** The same, with nothing that arrives. */
    public Faults cut() {
        return new Faults(delay, jitter, bytesPerSecond, corrupt, true);
    }

    /** What differs from {@link #NONE}, in words. */
    @Override
    public String toString() {
        List<String> words = new ArrayList<>();
        if (isCut) {
            words.add("cut");
        }
        if (!delay.isZero()) {
            words.add("delayed by " + delay.toMillis() + " ms");
        }
        if (!jitter.isZero()) {
            words.add("jittered by " + jitter.toMillis() + " ms");
        }
        if (bytesPerSecond > 0) {
            words.add(bytesPerSecond + " bytes a second");
        }
        if (corrupt > 0) {
            words.add("corrupted at " + corrupt);
        }
        return words.isEmpty() ? "no faults" : String.join(", ", words);
    }
}
