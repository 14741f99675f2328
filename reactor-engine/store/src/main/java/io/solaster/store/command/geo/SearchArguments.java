package io.solaster.store.command.geo;

import io.solaster.store.collection.SortedSets;
import io.solaster.store.command.collection.Floats;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyPositions;
import org.jspecify.annotations.Nullable;

/** The arguments of a search for places. */
final class SearchArguments {
    /** How places are named, and what becomes of them. */
    enum Kind {
        /** {@code GEORADIUS}. */
        RADIUS(6, true),
        /** {@code GEORADIUS_RO}. */
        RADIUS_RO(6, false),
        /** {@code GEORADIUSBYMEMBER}. */
        MEMBER(5, true),
        /** {@code GEORADIUSBYMEMBER_RO}. */
        MEMBER_RO(5, false),
        /** {@code GEOSEARCH}. */
        SEARCH(2, false),
        /** {@code GEOSEARCHSTORE}. */
        SEARCHSTORE(3, false);

        final int options;
        final boolean mayStore;

        Kind(int options, boolean mayStore) {
            this.options = options;
            this.mayStore = mayStore;
        }

        boolean isSearch() {
            return this == SEARCH || this == SEARCHSTORE;
        }

        /** Which argument the sorted set is. */
        int source() {
            return this == SEARCHSTORE ? 2 : 1;
        }

        /** Finds the keys: the one that is written first, if there is one. */
        void keys(CommandCall call, int from, int count, KeyPositions found) {
            found.toAll();
            if (this == SEARCHSTORE) {
                found.add(from + 1);
                found.add(from + 2);
                return;
            }
            found.add(from + 1);
            int target = 0;
            for (int i = 5; mayStore && i < count - 1; i++) {
                if (call.is(from + i, "store") || call.is(from + i, "storedist")) {
                    target = ++i;
                }
            }
            if (target > 0) {
                found.add(from + target);
            }
        }
    }

    private final Kind kind;
    private double longitude;
    private double latitude;
    private double unit = 1;
    private double width;
    private double height;
    private boolean circle;
    private boolean box;
    private boolean fromMember;
    private boolean fromPlace;
    private boolean distances;
    private boolean cells;
    private boolean places;
    private boolean any;
    private int order;
    private long most;
    private int target;
    private boolean storesDistances;
    private @Nullable String error;

    private SearchArguments(Kind kind) {
        this.kind = kind;
    }

    /** @param set the sorted set; null if there is none */
    static SearchArguments read(CommandCall call, Kind kind, @Nullable SortedSets set) {
        SearchArguments read = new SearchArguments(kind);
        read.error = read.look(call, set);
        return read;
    }

    private @Nullable String look(CommandCall call, @Nullable SortedSets set) {
        String wrong = switch (kind) {
            case RADIUS, RADIUS_RO -> firstOf(place(call, 2), radius(call, 4));
            case MEMBER, MEMBER_RO -> set == null ? null : firstOf(member(call, 2, set), radius(call, 3));
            case SEARCH -> null;
            case SEARCHSTORE -> {
                target = 1;
                yield null;
            }
        };
        if (wrong != null && !wrong.isEmpty()) {
            return wrong;
        }
        int behind = call.count();
        for (int i = kind.options; i < behind; i++) {
            int left = behind - i - 1;
            if (call.is(i, "withdist")) {
                distances = true;
            } else if (call.is(i, "withhash")) {
                cells = true;
            } else if (call.is(i, "withcoord")) {
                places = true;
            } else if (call.is(i, "any")) {
                any = true;
            } else if (call.is(i, "asc")) {
                order = 1;
            } else if (call.is(i, "desc")) {
                order = -1;
            } else if (call.is(i, "count") && left >= 1) {
                if (!call.isInteger(++i)) {
                    return Errors.NOT_INTEGER;
                }
                most = call.integer();
                if (most <= 0) {
                    return "ERR COUNT must be > 0";
                }
            } else if (kind.mayStore && left >= 1 && (call.is(i, "store") || call.is(i, "storedist"))) {
                storesDistances = call.is(i, "storedist");
                target = ++i;
            } else if (kind.isSearch() && left >= 1 && !fromPlace && call.is(i, "frommember")) {
                wrong = set == null ? null : member(call, i + 1, set);
                if (wrong != null) {
                    return wrong;
                }
                fromMember = true;
                i++;
            } else if (kind.isSearch() && left >= 2 && !fromMember && call.is(i, "fromlonlat")) {
                wrong = place(call, i + 1);
                if (wrong != null) {
                    return wrong;
                }
                fromPlace = true;
                i += 2;
            } else if (kind.isSearch() && left >= 2 && !box && call.is(i, "byradius")) {
                wrong = radius(call, i + 1);
                if (wrong != null) {
                    return wrong;
                }
                i += 2;
            } else if (kind.isSearch() && left >= 3 && !circle && call.is(i, "bybox")) {
                wrong = box(call, i + 1);
                if (wrong != null) {
                    return wrong;
                }
                i += 3;
            } else if (kind == Kind.SEARCHSTORE && call.is(i, "storedist")) {
                storesDistances = true;
            } else {
                return Errors.SYNTAX;
            }
        }
        return conflict(call);
    }

    private static @Nullable String firstOf(@Nullable String one, @Nullable String other) {
        return one == null ? other : one;
    }

    private @Nullable String conflict(CommandCall call) {
        if (target > 0 && (distances || cells || places)) {
            return "ERR " + (kind == Kind.SEARCHSTORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS")
                    + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
        }
        if (kind.isSearch() && !fromMember && !fromPlace) {
            return "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + call.word(0, 128);
        }
        if (kind.isSearch() && !circle && !box) {
            return "ERR exactly one of BYRADIUS and BYBOX can be specified for " + call.word(0, 128);
        }
        return any && most == 0 ? "ERR the ANY argument requires COUNT argument" : null;
    }

    private @Nullable String place(CommandCall call, int argument) {
        longitude = Floats.parse(call, argument);
        latitude = Floats.parse(call, argument + 1);
        return GeoCommands.wrongPlace(call, argument);
    }

    private @Nullable String member(CommandCall call, int argument, SortedSets set) {
        if (!set.find(call.address(argument), call.length(argument))) {
            return "ERR could not decode requested zset member";
        }
        longitude = Cell.longitude(set.score());
        latitude = Cell.latitude(set.score());
        return null;
    }

    private @Nullable String radius(CommandCall call, int argument) {
        width = Floats.parse(call, argument);
        if (Double.isNaN(width)) {
            return "ERR need numeric radius";
        }
        if (width < 0) {
            return "ERR radius cannot be negative";
        }
        height = width;
        circle = true;
        return unit(call, argument + 1);
    }

    private @Nullable String box(CommandCall call, int argument) {
        width = Floats.parse(call, argument);
        if (Double.isNaN(width)) {
            return "ERR need numeric width";
        }
        height = Floats.parse(call, argument + 1);
        if (Double.isNaN(height)) {
            return "ERR need numeric height";
        }
        if (width < 0 || height < 0) {
            return "ERR height or width cannot be negative";
        }
        box = true;
        return unit(call, argument + 2);
    }

    private @Nullable String unit(CommandCall call, int argument) {
        unit = GeoCommands.meters(call, argument);
        return unit < 0 ? GeoCommands.WRONG_UNIT : null;
    }

    /** Why they are wrong, in Redis's words; null if they are not. */
    @Nullable
    String error() {
        return error;
    }

    /** What is searched. */
    Shape shape() {
        return new Shape(box, longitude, latitude, width * unit, height * unit);
    }

    /** How many meters the unit has that distances are answered in. */
    double unit() {
        return unit;
    }

    boolean distances() {
        return distances;
    }

    boolean cells() {
        return cells;
    }

    boolean places() {
        return places;
    }

    /** Above 0 for the nearest first, below 0 for the farthest, 0 for as they are found. */
    int order() {
        return order == 0 && most > 0 && !any ? 1 : order;
    }

    /** How many are answered at most; 0 for all. */
    long most() {
        return most;
    }

    /** At how many the search ends; 0 for never. */
    long enough() {
        return any ? most : 0;
    }

    /** Which argument the key is that is written; 0 for none. */
    int target() {
        return target;
    }

    /** Whether scores of what is stored are distances. */
    boolean storesDistances() {
        return storesDistances;
    }
}
