package io.solaster.store.command.geo;

/** Distances in meters on a sphere, by the haversine formula (Sinnott, Sky and Telescope 1984), with the radius of Redis; the same on every machine. */
final class Earth {
    static final double RADIUS = 6372797.560856;
    private static final double RADIANS = Math.PI / 180;

    private Earth() {}

    static double radians(double degrees) {
        return degrees * RADIANS;
    }

    static double degrees(double radians) {
        return radians / RADIANS;
    }

    static double distance(double longitude, double latitude, double otherLongitude, double otherLatitude) {
        double from = radians(latitude);
        double to = radians(otherLatitude);
        double v = StrictMath.sin((radians(otherLongitude) - radians(longitude)) / 2);
        if (v == 0) {
            return RADIUS * Math.abs(to - from);
        }
        double u = StrictMath.sin((to - from) / 2);
        return 2 * RADIUS * StrictMath.asin(Math.sqrt(u * u + StrictMath.cos(from) * StrictMath.cos(to) * v * v));
    }
}
