package io.solaster.store.command.geo;

/**
 * Cells of the earth, after Niemeyer's geohash: longitude and latitude are each cut in halves, and the bits that say which half
 * it is alternate, those of the longitude first. So a cell is a range of numbers, and cells that are near each other mostly
 * have numbers that are. As in Redis, latitudes end where the map of Mercator's projection is as high as it is wide.
 */
final class Cell {
    /** Bits of each coordinate, at most. */
    static final int STEPS = 26;
    static final double MOST_LONGITUDE = 180;
    static final double MOST_LATITUDE = 85.05112878;

    private Cell() {}

    /** Whether there is such a place. */
    static boolean isPlace(double longitude, double latitude) {
        return longitude >= -MOST_LONGITUDE && longitude <= MOST_LONGITUDE && latitude >= -MOST_LATITUDE
                && latitude <= MOST_LATITUDE;
    }

    /** The cell of a place, of so many bits for each coordinate. */
    static long of(double longitude, double latitude, int steps) {
        return of(longitude, latitude, MOST_LATITUDE, steps);
    }

    static long of(double longitude, double latitude, double mostLatitude, int steps) {
        return join(part(longitude, MOST_LONGITUDE, steps), part(latitude, mostLatitude, steps));
    }

    private static long part(double coordinate, double most, int steps) {
        return (long) ((coordinate + most) / (2 * most) * (1L << steps)) & 0xFFFF_FFFFL;
    }

    /** The cell of a column and a row. */
    static long join(long column, long row) {
        return spread(row) | spread(column) << 1;
    }

    static long column(long cell) {
        return gather(cell >>> 1);
    }

    static long row(long cell) {
        return gather(cell);
    }

    /** Puts a zero before each of 32 bits. */
    private static long spread(long bits) {
        return Long.expand(bits, 0x5555_5555_5555_5555L);
    }

    private static long gather(long bits) {
        return Long.compress(bits, 0x5555_5555_5555_5555L);
    }

    /** Where a column, or the next one, begins. */
    static double longitude(long column, int steps) {
        return edge(column, MOST_LONGITUDE, steps);
    }

    /** Where a row, or the next one, begins. */
    static double latitude(long row, int steps) {
        return edge(row, MOST_LATITUDE, steps);
    }

    private static double edge(long index, double most, int steps) {
        return -most + index * 1.0 / (1L << steps) * (2 * most);
    }

    /** The longitude of the middle of what a score stands for. */
    static double longitude(double score) {
        long column = column((long) score);
        return middle(longitude(column, STEPS), longitude(column + 1, STEPS), MOST_LONGITUDE);
    }

    /** The latitude of the middle of what a score stands for. */
    static double latitude(double score) {
        long row = row((long) score);
        return middle(latitude(row, STEPS), latitude(row + 1, STEPS), MOST_LATITUDE);
    }

    private static double middle(double from, double to, double most) {
        return Math.clamp((from + to) / 2, -most, most);
    }
}
