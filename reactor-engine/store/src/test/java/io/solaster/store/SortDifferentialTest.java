package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of SORT is redis-server's to the byte. */
class SortDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            RPUSH l 3 1 2 10 -5; SORT l; SORT l DESC; SORT l ASC; SORT l ALPHA; SORT l ALPHA DESC; SORT l LIMIT 1 2; SORT l LIMIT 0 0; SORT l LIMIT 4 10; SORT l LIMIT 5 1; SORT l LIMIT -1 2; SORT l LIMIT 1 -1; SORT l LIMIT 1 -5; SORT l LIMIT 9223372036854775807 9223372036854775807; SORT l BY nosort; SORT l BY nosort DESC; SORT l BY nosort LIMIT 1 2; SORT l BY nosort DESC LIMIT 1 3; SORT l BY nosort LIMIT 9 2; SORT l GET #; SORT l GET # GET #; SORT l GET x; SORT l STORE d; LRANGE d 0 -1; SORT l LIMIT 9 1 STORE d; EXISTS d; SORT n; SORT n STORE d; SORT n GET # STORE d
            SORT; SORT l x; SORT l LIMIT; SORT l LIMIT 1; SORT l LIMIT x 1; SORT l LIMIT 1 x; SORT l BY; SORT l GET; SORT l STORE; SORT_RO l STORE d; SORT_RO l; SET k v; SORT k; SORT k x; HSET h a 1; SORT h; SORT_RO h; RPUSH l a b; SORT l; SORT l ALPHA; SORT l BY nosort; SORT l BY nosort ALPHA; SORT l STORE d; EXISTS d; RPUSH m 1 ""; SORT m; RPUSH w " 1" "2"; SORT w; RPUSH x "1 " 2; SORT x; RPUSH y inf -inf 1e3 0x10; SORT y; RPUSH z nan 1; SORT z; RPUSH o 1e999 1; SORT o; RPUSH u 1e-999 1; SORT u; RPUSH v "1\\x00x" 0; SORT v
            RPUSH l 1 2 3 4; MSET w1 10 w2 5 w3 7 o1 one o2 two o3 three w_x 1; HSET h1 f 9 g a; HSET h2 f 3 g b; HSET h3 f 5 g c; SORT l BY w*; SORT l BY w* DESC; SORT l BY w* GET o*; SORT l BY w* GET # GET o* GET w*; SORT l BY h*->f; SORT l BY h*->f GET h*->g; SORT l BY h*->g ALPHA GET #; SORT l BY w* LIMIT 1 2 GET o*; SORT l BY none* ; SORT l BY h* ; SORT l BY w*->f; SORT l GET h*; SORT l GET o*->f; SORT l GET h*->; SORT l GET *; SORT l BY w* GET o* STORE d; LRANGE d 0 -1; SORT l BY o*; SORT l BY o* ALPHA; SORT l BY o* ALPHA DESC LIMIT 0 3 GET o*; SORT_RO l BY w* GET o*; SORT l BY w* STORE l; LRANGE l 0 -1; SORT l BY * ; SORT l BY "w*x"; SORT l GET w*h*->f
            SADD s 5 3 1 20; SORT s; SORT s DESC; SORT s ALPHA; SORT s LIMIT 1 2; SORT s BY nosort STORE d; LRANGE d 0 -1; SORT s BY nosort DESC STORE d; LRANGE d 0 -1; SORT s STORE s; TYPE s; ZADD z 3 a 1 b 2 c; SORT z; SORT z ALPHA; SORT z ALPHA DESC; SORT z BY nosort; SORT z BY nosort DESC; SORT z BY nosort ASC; SORT z BY nosort LIMIT 1 1; SORT z BY nosort DESC LIMIT 1 5; SORT z BY nosort LIMIT 0 -1; SORT z BY nosort GET # STORE d; LRANGE d 0 -1; SORT z BY nosort LIMIT 3 1; SORT z BY nosort BY w*; SORT z BY w* BY nosort
            RPUSH l 1 1 2 2 3; SORT l; SORT l BY w*; SET w1 5; SET w2 5; SET w3 5; SORT l BY w*; SORT l BY w* DESC; RPUSH t b B a A ab 1 10 9; SORT t ALPHA; SORT t ALPHA LIMIT 2 4; SORT l STORE a STORE b; EXISTS a; LRANGE b 0 -1; EXPIRE b 100; SORT l STORE b; TTL b; SET str x; SORT l STORE str; TYPE str
            """;

    SortDifferentialTest() {
        super(SEQUENCES, 4, 4, SortDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        int elements = draw.of(10, 100, 2000);
        return commands(draw, 200, each -> chance(each, elements));
    }

    private static String[] chance(Draw draw, int elements) {
        return switch (draw.nextInt(8)) {
            case 0, 1 -> fill(draw, elements);
            case 2 ->
                words("MSET", "w" + draw.nextInt(elements), number(draw), "w" + draw.nextInt(elements), number(draw),
                        "o" + draw.nextInt(elements), "v" + draw.nextInt(1000));
            case 3 -> words("HSET", "h" + draw.nextInt(elements), "f", number(draw), "g", "x" + draw.nextInt(100000));
            case 4 -> draw.oneIn(5) ? words("DEL", draw.of("l", "s", "z", "d")) : words("LRANGE", "d", "0", "-1");
            default -> sort(draw);
        };
    }

    private static String[] sort(Draw draw) {
        boolean stores = draw.oneIn(3);
        List<String> words = new ArrayList<>(List.of("SORT", draw.of("l", "s", "z", "d")));
        switch (draw.nextInt(5)) {
            // Where what is compared is equal, the order is whatever Redis's algorithm makes of it: not with ALPHA.
            case 0 -> words.addAll(List.of("BY", "w*"));
            case 1 -> words.addAll(List.of("BY", "h*->f"));
            case 2 -> words.add("ALPHA");
            default -> {
            }
        }
        if (draw.oneIn(3)) {
            words.add("DESC");
        }
        if (draw.oneIn(3)) {
            words.addAll(List.of("LIMIT", draw.of("0", "1", "5"), draw.of("-1", "3", "30")));
        }
        for (int i = draw.nextInt(4); i > 1; i--) {
            words.addAll(List.of("GET", draw.of("#", "o*", "h*->g", "w*")));
        }
        if (stores && !words.get(1).equals("d")) {
            words.addAll(List.of("STORE", "d"));
        }
        return words.toArray(String[]::new);
    }

    private static String number(Draw draw) {
        return draw.nextInt(100) + draw.of("", ".5", ".25");
    }

    private static String[] fill(Draw draw, int elements) {
        String key = draw.of("l", "s", "z");
        List<String> words = new ArrayList<>(
                List.of(key.equals("l") ? "RPUSH" : key.equals("s") ? "SADD" : "ZADD", key));
        for (int i = 1 + draw.nextInt(elements / 2); i > 0; i--) {
            if (key.equals("z")) {
                words.add(number(draw));
            }
            words.add(Integer.toString(draw.nextInt(elements)));
        }
        return words.toArray(String[]::new);
    }

    private static String[] words(String... words) {
        return words;
    }
}
