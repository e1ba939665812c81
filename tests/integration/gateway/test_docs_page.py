"""`/docs` in a real browser: the page works under its own policy, without any other host."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_documentation_can_be_read_and_tried(daemon, browser_page):
    page, complaints, hosts = browser_page, [], set()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.partition("//")[2].partition("/")[0]))
    await page.goto(f"{daemon}/docs")
    await page.locator("#operations-robots-get_ses_robots .opblock-summary-control").click()
    await page.get_by_role("button", name="Execute").click()
    await page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    assert "echo" in await page.locator(".live-responses-table .microlight").first.inner_text()
    assert complaints == []
    assert {host for host in hosts if host} == {daemon.partition("//")[2]}


async def test_a_link_in_the_first_page_leads_there(daemon, browser_page):
    await browser_page.goto(daemon)
    await browser_page.get_by_role("link", name="docs").click()
    await browser_page.locator(".opblock").first.wait_for()
