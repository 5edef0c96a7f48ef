// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AppFlowAPI

@Suite struct ScheduleExpressionTests {
    @Test(
        arguments: [
            ("rate(1minutes)", 60), ("rate(1minute)", 60), ("rate(5minutes)", 300), ("rate(5 minutes)", 300),
            ("rate( 1 hour )", 3_600), ("rate(3hours)", 10_800), ("rate(1days)", 86_400), ("rate(2weeks)", 1_209_600),
            ("rate(1months)", 28 * 86_400), ("cron(0 1 * * ? *)", 86_400), ("cron(* * * * ? *)", 60),
            ("cron(0/15 * * * ? *)", 900), ("cron(0 */6 * * ? *)", 21_600), ("cron(0 8-10 ? * MON-FRI *)", 3_600),
            ("cron(0,50 * * * ? *)", 600), ("cron(0 0 L * ? *)", 86_400), ("cron(0 0 ? JAN,jul 2#1 2026)", 86_400),
            ("cron(0 9 15W * ? *)", 86_400), ("cron(0 9 ? * 6L *)", 86_400),
            // Ranges that go on beyond the end: 22, 23, 0, 1, 2 o'clock.
            ("cron(0 22-2 * * ? *)", 3_600), ("cron(0 22-2/2 * * ? *)", 7_200), ("cron(0 20-4/8 * * ? *)", 28_800),
            ("cron(50-10/10 1 * * ? *)", 600), ("cron(0 1 28-3 NOV-FEB ? *)", 86_400),
            ("cron(0 1 ? * FRI-MON *)", 86_400),
            // From one hour, or day, to the next.
            ("cron(0,59 1-2 * * ? *)", 60), ("cron(0,59 1,3 * * ? *)", 3_540), ("cron(30 0,23 * * ? *)", 3_600),
            ("cron(30 0,23 1 * ? *)", 82_800), ("cron(30 0,23 ? * MON *)", 82_800), ("cron(59,0 0,23 1,2 * ? *)", 60),
        ] as [(String, Int64)])
    func reads(_ text: String, _ seconds: Int64) throws {
        #expect(try #require(ScheduleExpression(text)).leastSeconds == seconds)
    }

    @Test(arguments: [
        "", "rate()", "rate(0minutes)", "rate(-1hours)", "rate(5)", "rate(5seconds)", "rate(minutes)",
        "rate(1 0minutes)",
        "rate(5min utes)", "rate(5minutes", "every(5minutes)", "5minutes", "rate(99999999999999999999days)",
        "cron()", "cron(0 1 * * *)", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)", "cron(60 1 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 1 32 * ? *)", "cron(0 1 * 13 ? *)", "cron(0 1 ? * 8 *)", "cron(0 1 ? * 2#6 *)", "cron(0 1 * * ? 1969)",
        "cron(0 1 * * ? 2030-2026)", "cron(0 22- * * ? *)", "cron(0 22-24 * * ? *)", "cron(0/0 * * * ? *)",
        "cron(0 1,, * * ? *)", "cron(? * * * ? *)", "cron(L * * * ? *)",
    ])
    func refuses(_ text: String) { #expect(ScheduleExpression(text) == nil) }
}
