package io.solaster.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.solaster.testkit.gen.Draw;

/**
 * Every reply of commands on places is redis-server's to the byte, all digits of distances and coordinates
 * among them. Of a distance that is stored the last of 17 digits depends on who computes sines.
 */
class GeoDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEOPOS g Palermo Catania x; GEOPOS n a; GEOPOS g; GEODIST g Palermo Catania; GEODIST g Palermo Catania km; GEODIST g Palermo Catania FT; GEODIST g Palermo Catania mi; GEODIST g Palermo Catania x; GEODIST g Palermo x; GEODIST g x Palermo; GEODIST n a b; GEODIST g a b km x; GEODIST g Palermo Palermo; GEOHASH g Palermo Catania x; GEOHASH n a; GEOHASH g; ZRANGE g 0 -1 WITHSCORES; GEODIST n a b x; GEODIST g Palermo; GEOADD g
            GEOADD g 181 0 a; GEOADD g 0 86 a; GEOADD g -180.1 -85.1 a; GEOADD g x 0 a; GEOADD g 0 x a; GEOADD g 0 0; GEOADD g 0 0 a 1; GEOADD g NX XX 0 0 a; GEOADD g 180 85.05112878 a -180 -85.05112878 b 0 0 c; GEOPOS g a b c; GEOHASH g a b c; GEOADD g NX 1 1 a; GEOADD g XX 1 1 z; GEOADD g XX CH 1 1 a; GEOADD g CH 1 1 a 2 2 d; GEOADD g NX CH 3 3 a 3 3 e; ZCARD g; GEOADD g inf 0 a; GEOADD g nan 0 a; GEOADD g 0 1e400 a; SET k v; GEOADD k 0 0 a; GEOPOS k a; GEODIST k a b; GEOHASH k a; GEOSEARCH k FROMLONLAT 0 0 BYRADIUS 1 m; GEORADIUS k 0 0 1 m; GEORADIUSBYMEMBER k a 1 m; GEOADD k 999 0 a; GEOADD g CH NX; GEOADD g NX CH x; GEOADD g 0 0 a 0 91 b
            GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC; GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST; GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 km WITHDIST WITHHASH WITHCOORD DESC; GEOSEARCH g FROMMEMBER x BYRADIUS 200 km; GEOSEARCH n FROMMEMBER x BYRADIUS 200 km; GEOSEARCH g BYRADIUS 200 km ASC ASC; GEOSEARCH g FROMLONLAT 15 37 ASC COUNT 1 DESC; GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 m; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m BYBOX 1 1 m; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 1; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 2 ANY; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km ANY ASC; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT 0; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km COUNT x; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km STORE d; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 500 km STOREDIST; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km ASC; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km ASC; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 foo ASC; GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km; GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km; GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 -1 km; GEOSEARCH g FROMLONLAT 190 37 BYBOX 1 1 km; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 0 m WITHDIST; GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m WITHDIST; GEOSEARCH g FROMMEMBER Palermo BYBOX 0 0 m WITHDIST; GEOSEARCH g foo bar baz 1 2
            GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEORADIUS g 15 37 200 km; GEORADIUS g 15 37 200 km WITHDIST; GEORADIUS g 15 37 200 km WITHCOORD ASC COUNT 1; GEORADIUS g 15 37 200 km WITHHASH DESC; GEORADIUS g 15 37 200 km STORE d; ZRANGE d 0 -1 WITHSCORES; GEORADIUS g 15 37 200 km STOREDIST d; ZRANGE d 0 -1; GEORADIUS g 15 37 200 km STORE d STOREDIST e; EXISTS d e; GEORADIUS g 15 37 200 km STORE d WITHDIST; GEORADIUS g 15 37 1 m STORE d; EXISTS d; GEORADIUS n 15 37 200 km STORE e; EXISTS e; GEORADIUS n 15 37 200 km; GEORADIUS_RO g 15 37 200 km STORE d; GEORADIUS_RO g 15 37 200 km ASC; GEORADIUSBYMEMBER g Palermo 200 km ASC; GEORADIUSBYMEMBER g x 200 km; GEORADIUSBYMEMBER n x 200 km; GEORADIUSBYMEMBER n x y z; GEORADIUSBYMEMBER n x 200 km STORE d; GEORADIUSBYMEMBER g Palermo 200 km STOREDIST d COUNT 1; ZRANGE d 0 -1; GEORADIUSBYMEMBER_RO g Palermo 200 km WITHDIST; GEORADIUSBYMEMBER_RO g Palermo 200 km STORE d; GEORADIUS g 15 37 200 foo; GEORADIUS g 15 37 x km; GEORADIUS g 15 99 200 km; GEORADIUS g x 37 200 km; GEORADIUS g 15 37 200 km FROMMEMBER a; GEORADIUS g 15 37 -1 km; GEORADIUS g 15 37 200; GEORADIUS g 15 37 200 km COUNT 1 ANY; GEORADIUS g 15 37 200 km COUNT; GEORADIUS g 15 37 200 km STORE; GEORADIUSBYMEMBER g Palermo 200 km STORE g; ZRANGE g 0 -1 WITHSCORES
            GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km; ZRANGE d 0 -1 WITHSCORES; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST; ZRANGE d 0 -1; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ASC; ZCARD d; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 1 m; EXISTS d; GEOSEARCHSTORE d n FROMMEMBER a BYRADIUS 1 m; GEOSEARCHSTORE g g FROMMEMBER Palermo BYRADIUS 1 m; ZRANGE g 0 -1; SET k v; GEOSEARCHSTORE k g FROMMEMBER Palermo BYRADIUS 1 m; TYPE k; GEOSEARCHSTORE d k FROMMEMBER Palermo BYRADIUS 1 m; ZADD z -5 a 1.5 b 1e15 c; GEOPOS z a b c; GEOHASH z b c; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 99999 km; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1e9 km; GEOSEARCH g FROMLONLAT 179.9 0 BYRADIUS 9000 km WITHDIST; GEOSEARCH g FROMLONLAT 0 85 BYRADIUS 9000 km WITHDIST ASC; GEOSEARCH g FROMLONLAT 0 0 BYBOX 99999 99999 km ASC
            """;

    GeoDifferentialTest() {
        super(SEQUENCES, 5, 6, GeoDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        List<String[]> commands = new ArrayList<>();
        int members = draw.of(20, 200, 3000);
        // All over the earth, or near each other.
        double extent = draw.of(1.0, 0.01);
        for (int i = 0; i < members; i += 20) {
            List<String> words = new ArrayList<>(List.of("GEOADD", draw.of("a", "b")));
            for (int j = 0; j < 20; j++) {
                words.addAll(List.of(coordinate(draw, 180 * extent), coordinate(draw, 85 * extent),
                        "m" + draw.nextInt(members)));
            }
            commands.add(words.toArray(String[]::new));
        }
        commands.addAll(commands(draw, 200, each -> chance(each, members, extent)));
        return commands;
    }

    private static String coordinate(Draw draw, double most) {
        return String.format(Locale.ROOT, "%.9f", (draw.nextInt(2_000_001) - 1_000_000) / 1e6 * most);
    }

    private static String[] chance(Draw draw, int members, double extent) {
        String key = draw.of("a", "b");
        String member = "m" + draw.nextInt(members);
        return switch (draw.nextInt(8)) {
            case 0 -> words("GEODIST", key, member, "m" + draw.nextInt(members), draw.of("m", "km", "ft", "mi"));
            case 1 -> words("GEOPOS", key, member, "m" + draw.nextInt(members));
            case 2 -> words("GEOHASH", key, member);
            case 3 -> words("ZRANGE", "d", "0", "-1");
            case 4 -> search(draw, member, extent, "GEOSEARCHSTORE", "d", key);
            default -> search(draw, member, extent, "GEOSEARCH", key);
        };
    }

    private static String[] search(Draw draw, String member, double extent, String... begin) {
        List<String> words = new ArrayList<>(List.of(begin));
        if (draw.oneIn(3)) {
            words.addAll(List.of("FROMMEMBER", member));
        } else {
            words.addAll(List.of("FROMLONLAT", coordinate(draw, 180 * extent), coordinate(draw, 85 * extent)));
        }
        String unit = draw.of("m", "km", "mi", "ft");
        String size = Integer.toString(1 << draw.nextInt(24));
        if (draw.nextBoolean()) {
            words.addAll(List.of("BYRADIUS", size, unit));
        } else {
            words.addAll(List.of("BYBOX", size, Integer.toString(1 << draw.nextInt(24)), unit));
        }
        if (draw.oneIn(3)) {
            words.add(draw.of("ASC", "DESC"));
        }
        if (draw.oneIn(3)) {
            words.addAll(List.of("COUNT", draw.of("1", "3", "30")));
            if (draw.nextBoolean()) {
                words.add("ANY");
            }
        }
        if (begin.length == 3) {
            if (draw.nextBoolean()) {
                words.add("STOREDIST");
            }
        } else {
            for (String each : List.of("WITHDIST", "WITHHASH", "WITHCOORD")) {
                if (draw.nextBoolean()) {
                    words.add(each);
                }
            }
        }
        return words.toArray(String[]::new);
    }

    private static String[] words(String... words) {
        return words;
    }
}
