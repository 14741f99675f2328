package io.solaster.operator.plan;

/** How numbers are written in reasons. */
final class Words {
    private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};

    private Words() {}

    /** {@code 1 pod}, {@code 2 pods}. */
    static String count(int number, String thing) {
        return number + " " + thing + (number == 1 ? "" : "s");
    }

    /** As Kubernetes writes it, such as {@code 16Gi}; in the largest unit that needs no fraction. */
    static String bytes(long bytes) {
        int unit = 0;
        while (bytes != 0 && bytes % 1024 == 0 && unit < UNITS.length - 1) {
            bytes /= 1024;
            unit++;
        }
        return bytes + UNITS[unit];
    }
}
