package io.solaster.load.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;

import io.solaster.load.LoadComparison;
import io.solaster.load.LoadReport;
import io.solaster.load.Reports;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ReportsTest {

    @Test
    void jsonComesBackAsItWas(@TempDir Path folder) throws IOException {
        LoadReport report = Reports.of(1000, 5, 20);
        Path file = folder.resolve("a.json");
        WholeFile.write(file, JsonReport.of(report));
        LoadReport read = JsonReport.read(file);
        assertThat(read.setup()).isEqualTo(report.setup());
        assertThat(read.latency()).isEqualTo(report.latency());
        assertThat(read.lateness()).isEqualTo(report.lateness());
        assertThat(read.errors()).isEqualTo(report.errors());
        assertThat(read.intervals()).isEqualTo(report.intervals());
        assertThat(read.marks()).isEqualTo(report.marks());
        assertThat(read.length()).isEqualTo(report.length());
        assertThat(read.cpuNanos()).isEqualTo(report.cpuNanos());
        assertThat(JsonReport.of(read)).isEqualTo(JsonReport.of(report));
        assertThat(Files.list(folder)).containsExactly(file);
    }

    @Test
    void aFileThatIsNoReportIsRefusedByItsName(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.json");
        assertThatThrownBy(() -> JsonReport.read(file)).hasMessageContaining("a.json is no file");
        for (String text : new String[]{"", "{", "[]", "{\"format\":2}", "{\"format\":1}", "hello",
                JsonReport.of(Reports.of(5, 0, 1)).replaceAll("\"histogram\" *: *\"...", "\"histogram\":\"AAA"),
                JsonReport.of(Reports.of(5, 0, 1)).replace("2023", "never")}) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> JsonReport.read(file)).as(text).isInstanceOf(IOException.class)
                    .hasMessageContaining("a.json is no report of solaster-load").hasMessageContaining("--json");
        }
        Files.write(file, new byte[]{(byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> JsonReport.read(file)).hasMessageContaining("a.json is no report");
    }

    @Test
    void theLogIsReadByHdrHistogram() {
        LoadReport report = Reports.of(1000, 0, 20);
        String log = HistogramLog.of(report);
        HistogramLogReader reader = new HistogramLogReader(
                new ByteArrayInputStream(log.getBytes(StandardCharsets.UTF_8)));
        EncodableHistogram read = reader.nextIntervalHistogram();
        assertThat(read).isInstanceOf(Histogram.class);
        assertThat(((Histogram) read).getTotalCount()).isEqualTo(1000);
        assertThat(((Histogram) read).getMaxValue()).isEqualTo(report.latency().getMaxValue());
        assertThat(reader.nextIntervalHistogram()).isNull();
        assertThat(reader.getStartTimeSec()).isEqualTo(1_700_000_000);
    }

    @Test
    void thePageIsWholeAndEscaped() throws Exception {
        Map<String, LoadReport> reports = new LinkedHashMap<>();
        reports.put("before & after", Reports.of(1000, 5, 20));
        reports.put("b", Reports.of(1, 0, 20));
        reports.put("none", Reports.of(0, 3, 20));
        for (String page : new String[]{HtmlReport.of(Reports.of(1000, 5, 20)), HtmlReport.of(reports)}) {
            assertThat(page)
                    .contains("<svg", "prefers-color-scheme", "get=1 &amp; &lt;more&gt;", "cut &lt;here&gt;", "timeout")
                    .doesNotContain("<script", "NaN", "Infinity", "http://", "https://");
            String xml = page.replaceFirst("<!doctype html>", "").replace("<meta charset='utf-8'>", "")
                    .replaceAll("<meta name[^>]*>", "").replace("<br>", "<br/>");
            assertThat(DocumentBuilderFactory.newInstance().newDocumentBuilder()
                    .parse(new InputSource(new StringReader(xml))).getElementsByTagName("svg").getLength())
                    .isPositive();
        }
    }

    @Test
    void thePictureShowsThreeCharts(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.png");
        Picture.write(file, Reports.of(1000, 5, 20));
        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isEqualTo(1800);
        assertThat(image.getHeight()).isEqualTo(1800);
        Set<Integer> colours = new HashSet<>();
        for (int x = 0; x < image.getWidth(); x++) {
            colours.add(image.getRGB(x, 500) & 0xffffff);
        }
        for (int y = 0; y < image.getHeight(); y++) {
            colours.add(image.getRGB(900, y) & 0xffffff);
        }
        assertThat(colours).contains(0xffffff, 0x0969da);
        assertThat(folder.toFile().list()).containsExactly("a.png");
    }

    @Test
    void theTextHasWhatCounts() {
        String text = TextReport.of(Reports.of(1000, 5, 200_000_000));
        assertThat(text).contains("answered 1,000 (1,000/s), failed 5", "timeout", "p99.9",
                "INVALID: the generator itself",
                "generator: 6.97 µs of CPU", "at 0.5 s: cut <here>");
        assertThat(text.lines().filter(line -> line.startsWith("max"))).singleElement().asString().contains("never");
        String both = TextReport.of(new LoadComparison(Reports.of(1000, 0, 20), Reports.of(500, 0, 20)), "a.json",
                "b.json");
        assertThat(both).contains("a.json", "b.json");
        assertThat(both.lines().filter(line -> line.startsWith("p99 "))).singleElement().asString().contains("990 ms")
                .contains("495 ms").contains("0.500");
    }

    @Test
    void aFileThatCannotBeWrittenLeavesNothing(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("none/a.json");
        assertThatThrownBy(() -> WholeFile.write(file, "x")).hasMessageContaining("none/a.json cannot be written");
        assertThat(Files.list(folder)).isEmpty();
    }
}
