package io.solaster.operator.client;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Pattern;

import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.config.value.CpuSet;
import org.jspecify.annotations.Nullable;

/**
 * Reckons with quantities that others have written. {@code 1e999999999} is a short text, and a number that no memory holds:
 * what is written is looked at before it is made a number of. Pure.
 */
public final class Amounts {
    private static final Pattern ZEROS = Pattern.compile("^([+-]?)0+(?=[0-9])");
    private static final int LONGEST = 64;
    /** Before the point, or after it. An API server goes up to 19, and down to 9. */
    private static final int MOST_DIGITS = 40;
    /** Such as {@code e-30}. */
    private static final int LONGEST_EXPONENT = 5;
    /** Sums of many hold in a long. */
    private static final BigDecimal MOST = new BigDecimal(1L << 53);
    private static final BigDecimal MILLI = new BigDecimal(1000);

    private Amounts() {}

    /**
     * A quantity in units, rounded up; 0 for none.
     *
     * @throws IllegalArgumentException if it is no quantity, or more than 2^53 units
     */
    public static long of(@Nullable Quantity quantity, BigDecimal unit) {
        if (quantity == null) {
            return 0;
        }
        BigDecimal units = value(quantity).multiply(unit).setScale(0, RoundingMode.CEILING);
        if (units.abs().compareTo(MOST) > 0) {
            throw new IllegalArgumentException("'" + shown(quantity) + "' is more than any machine has");
        }
        return units.longValue();
    }

    /**
     * Whole CPUs of a machine, rounded down; 0 for none.
     *
     * @throws IllegalArgumentException if it is no quantity, or more CPUs than Linux knows
     */
    public static int cpus(@Nullable Quantity quantity) {
        long cpus = of(quantity, MILLI) / 1000;
        if (cpus < 0 || cpus > CpuSet.MAX_CPU + 1) {
            throw new IllegalArgumentException("'" + shown(quantity) + "' is no number of CPUs, from 0 to "
                    + (CpuSet.MAX_CPU + 1));
        }
        return (int) cpus;
    }

    /**
     * What a quantity comes to: thousandths, kibibytes and the like counted in.
     *
     * @throws IllegalArgumentException if it is no quantity, or has more digits than any that is meant
     */
    public static BigDecimal value(Quantity quantity) {
        String amount = ZEROS.matcher(String.valueOf(quantity.getAmount())).replaceFirst("$1");
        String format = quantity.getFormat() == null ? "" : quantity.getFormat();
        BigDecimal value;
        try {
            if (amount.length() > LONGEST || format.length() > LONGEST_EXPONENT) {
                throw new IllegalArgumentException("too long");
            }
            value = Quantity.getAmountInBytes(new Quantity(amount, format));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IllegalArgumentException("'" + shown(quantity) + "' is no quantity", e);
        }
        if (value.signum() == 0) {
            return BigDecimal.ZERO;
        }
        if (value.precision() - value.scale() > MOST_DIGITS || value.scale() > LONGEST + MOST_DIGITS) {
            throw new IllegalArgumentException("'" + shown(quantity) + "' is no quantity");
        }
        return value;
    }

    private static String shown(@Nullable Quantity quantity) {
        String text = String.valueOf(quantity);
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    }
}
