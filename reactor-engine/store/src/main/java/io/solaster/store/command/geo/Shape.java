package io.solaster.store.command.geo;

/**
 * What is searched: all places within a radius around one, or within a rectangle. It knows the cells in which these are, as Redis
 * chooses them, which shows in the order of what is found.
 */
final class Shape {
    /** Half of the height of the map in Mercator's projection, in meters. */
    private static final double MOST = 20037726.37;
    private static final int CELLS = 9;

    private final boolean box;
    private final double longitude;
    private final double latitude;
    private final double width;
    private final double height;

    private final double[] from = new double[CELLS];
    private final double[] to = new double[CELLS];
    private int cells;

    /**
     * @param box whether it is a rectangle, and no circle
     * @param width in meters; of a circle the radius
     * @param height in meters; of a circle the radius
     */
    Shape(boolean box, double longitude, double latitude, double width, double height) {
        this.box = box;
        this.longitude = longitude;
        this.latitude = latitude;
        this.width = width;
        this.height = height;
        findCells();
    }

    /** How many ranges of scores may have what is searched. */
    int cells() {
        return cells;
    }

    /** The first score of a range. */
    double from(int cell) {
        return from[cell];
    }

    /** The first score behind a range. */
    double to(int cell) {
        return to[cell];
    }

    /** How far a place is from the middle, in meters; NaN if it lies outside. */
    double distance(double itsLongitude, double itsLatitude) {
        if (box && (Earth.distance(itsLongitude, itsLatitude, longitude, itsLatitude) > width / 2
                || Earth.distance(itsLongitude, itsLatitude, itsLongitude, latitude) > height / 2)) {
            return Double.NaN;
        }
        double distance = Earth.distance(longitude, latitude, itsLongitude, itsLatitude);
        return box || !(distance > width) ? distance : Double.NaN;
    }

    /** As many bits as cells may have that are larger than a radius, or nearly. */
    private static int steps(double radius, double latitude) {
        if (radius == 0) {
            return Cell.STEPS;
        }
        int steps = 1;
        for (double covered = radius; covered < MOST; covered *= 2) {
            steps++;
        }
        steps -= 2;
        // Towards the poles cells are narrower.
        double north = Math.abs(latitude);
        steps -= north > 80 ? 2 : north > 66 ? 1 : 0;
        return Math.clamp(steps, 1, Cell.STEPS);
    }

    private void findCells() {
        double halfWidth = box ? width / 2 : width;
        double halfHeight = box ? height / 2 : height;
        double up = Earth.degrees(halfHeight / Earth.RADIUS);
        // What is further from the equator is narrower, so that more degrees are needed there.
        double widest = latitude < 0 ? latitude - up : latitude + up;
        double aside = Earth.degrees(halfWidth / Earth.RADIUS / StrictMath.cos(Earth.radians(widest)));
        double west = longitude - aside;
        double east = longitude + aside;
        double south = latitude - up;
        double north = latitude + up;

        double radius = box ? Math.sqrt(width / 2 * (width / 2) + height / 2 * (height / 2)) : width;
        int steps = steps(radius, latitude);
        if (steps > 1 && !covers(steps, west, east, south, north)) {
            steps--;
        }
        addCells(steps, west, east, south, north);
    }

    /** Whether the cell of the middle and those around it have all. */
    private boolean covers(int steps, double west, double east, double south, double north) {
        long middle = Cell.of(longitude, latitude, steps);
        long mask = (1L << steps) - 1;
        long column = Cell.column(middle);
        long row = Cell.row(middle);
        return !(Cell.latitude((row + 1 & mask) + 1, steps) < north || Cell.latitude(row - 1 & mask, steps) > south
                || Cell.longitude((column + 1 & mask) + 1, steps) < east
                || Cell.longitude(column - 1 & mask, steps) > west);
    }

    private void addCells(int steps, double west, double east, double south, double north) {
        long middle = Cell.of(longitude, latitude, steps);
        long column = Cell.column(middle);
        long row = Cell.row(middle);
        boolean few = steps >= 2;
        boolean noSouth = few && Cell.latitude(row, steps) < south;
        boolean noNorth = few && Cell.latitude(row + 1, steps) > north;
        boolean noWest = few && Cell.longitude(column, steps) < west;
        boolean noEast = few && Cell.longitude(column + 1, steps) > east;
        add(steps, column, row);
        if (!noNorth) {
            add(steps, column, row + 1);
        }
        if (!noSouth) {
            add(steps, column, row - 1);
        }
        if (!noEast) {
            add(steps, column + 1, row);
        }
        if (!noWest) {
            add(steps, column - 1, row);
        }
        if (!noNorth && !noEast) {
            add(steps, column + 1, row + 1);
        }
        if (!noNorth && !noWest) {
            add(steps, column - 1, row + 1);
        }
        if (!noSouth && !noEast) {
            add(steps, column + 1, row - 1);
        }
        if (!noSouth && !noWest) {
            add(steps, column - 1, row - 1);
        }
    }

    /** Round the earth, columns and rows go on where they began. */
    private void add(int steps, long column, long row) {
        long mask = (1L << steps) - 1;
        long cell = Cell.join(column & mask, row & mask);
        int shift = 2 * (Cell.STEPS - steps);
        double first = (double) (cell << shift);
        // Of a huge radius two cells in a row may be the same; only with the first one Redis does not look.
        if (cells > 1 && from[cells - 1] == first) {
            return;
        }
        from[cells] = first;
        to[cells] = (double) (cell + 1 << shift);
        cells++;
    }
}
