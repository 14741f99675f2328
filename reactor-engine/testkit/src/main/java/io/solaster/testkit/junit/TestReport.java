package io.solaster.testkit.junit;

/** What else there is to know of a test that has failed: hangs on its failure as suppressed, so that every runner shows it. */
final class TestReport extends Throwable {
    private static final long serialVersionUID = 1;

    TestReport(String report) {
        super("\n" + report, null, false, false);
    }
}
