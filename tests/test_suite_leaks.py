"""What a reader should not meet, each on a page of its own that has it and beside it what looks like it and is none."""

import pytest

from lottery.suite import leaks

OUTPUT = '<div class="cell_output docutils container">{}</div>'


@pytest.fixture
def found(tmp_path):
    """What is told of a page with that in its article."""

    def of(body, name="a.html"):
        page = tmp_path / name
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"<html><head><title>a_b</title></head><nav>NaN</nav><article>{body}</article></html>")
        return leaks.leaks(page)

    return of


def test_a_page_as_it_should_be_has_none(found):
    body = """
        <h1>Heads and MLPs<a class="headerlink" href="#">#</a></h1>
        <p>None of the four is <code>a_b</code>, NaN is no number, $5 and $6, f(s), {a}, True to its word.</p>
        <p>By lots of answers, drawn and compressed, the whole model holds against all: a world.</p>
        <p>See <a class="reference internal" href="b.html"><span class="doc std xref">Doing</span></a>.</p>
        <div class="cell tag_hide-input"><div class="cell_input"><pre>x = {None: np.nan}; of.seed</pre></div>
        <div class="cell_output"><p>None of these runs, of seed 1, on CoLA: <span class="math">\\(x_1\\)</span></p>
        <table><tr><th>sparsity</th><td>0.5 (<code>a_b</code>)</td></tr></table></div></div>
        <figure><img src="a.svg" alt="a"><figcaption><p>Fig. 1 A line</p></figcaption></figure>
        <figure><table><tr><td>1</td></tr></table><figcaption><p>Fig. 2 A table</p></figcaption></figure>
        <dl class="py function"><dt>keep_highest(scores) -&gt; None</dt><dd>NaN is refused.</dd></dl>
    """
    assert found(body) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p>({doc}<code>/a</code>)</p>", "a role that was not read: ({doc}‸)"),
        ("<li>by {cite:t}`gordon2020`</li>", "a role that was not read"),
        (OUTPUT.format("<p>As released $\\tau$ is 0.1</p>"), "a formula that was not set: As released $\\tau$ is 0.1"),
        ("<td>$h(p)^2$</td>", "a formula that was not set"),
        ("<p>\\(x\\)</p>", "a formula that was not set"),
        (
            OUTPUT.format("<pre>&lt;IPython.core.display.Markdown object&gt;</pre>"),
            "the name of an object: <IPython.core",
        ),
        (OUTPUT.format("<p>of &lt;lottery.data.Task at 0x7f&gt;</p>"), "the name of an object"),
        (OUTPUT.format("<pre>DataFrame({1: 2})</pre>"), "the name of an object"),
        (OUTPUT.format("<p>by np.float64(0.3)</p>"), "the name of an object"),
        ("<table><tr><td>NaN</td></tr></table>", "no number: NaN"),
        (OUTPUT.format("<p>a difference of nan points</p>"), "no number: a difference of nan points"),
        (OUTPUT.format("<li>between 3 and inf.</li>"), "no number"),
        (OUTPUT.format("<p>a score of None.</p>"), "no number"),
        ("<p><em>Not recorded yet:</em> run it.</p>", "what is told elsewhere: Not recorded yet: run it."),
        (OUTPUT.format("<p>Not part of this build.</p>"), "what is told elsewhere"),
        ("<p>over 3 seed(s)</p>", "a plural left open: over 3 seed(s)"),
        ("<p>at 40 % removed</p>", "a percent sign behind a blank: at 40 % removed"),
        ("<p>Masks drawn by lot agree.</p>", "a word that this book no longer uses: Masks drawn by lot agree."),
        ("<figcaption>Dashed: <em>One answer</em> to\n all.</figcaption>", "a word that this book no longer uses"),
        ("<h2>The whole MiniLM</h2>", "a word that this book no longer uses"),
        ('<dl class="py"><dt>f</dt><dd>Is held against chance.</dd></dl>', "a word that this book no longer uses"),
        ("<table><tr><th>of.seed</th></tr></table>", "the name of a column or a value: of.seed"),
        ("<table><tr><th>start.family</th></tr></table>", "the name of a column or a value"),
        ("<table><tr><th>label_words</th></tr></table>", "the name of a column or a value"),
        ("<h2>G7, minilm</h2>", "the name of a column or a value"),
        ("<table><tr><th>False</th></tr></table>", "the name of a column or a value"),
    ],
)
def test_a_leak_is_told_with_the_words_around_it(found, body, told):
    (sentence,) = found(f"<p>Before.</p>{body}<p>After.</p>")
    assert sentence.startswith(f"shows {told}")


def test_a_numbered_figure_has_a_picture(found):
    body = OUTPUT.format("<figure><p>Nothing.</p><figcaption><p>Fig. 3 A line</p></figcaption></figure>")
    assert found(body) == ["has a numbered figure without a picture: Fig. 3 A line"]


def test_a_reference_leads_somewhere(found):
    assert found('<p><span class="xref std std-ref">gone</span></p>') == ["refers to gone, which is nowhere"]
    assert found('<p><a href="#id1"><span class="problematic">|x|</span></a></p>') == [
        "refers to |x|, which is nowhere"
    ]


def test_an_element_that_was_never_opened_or_closed_does_not_hide_the_rest(found):
    assert len(found("<p>a</i></section><ul><li>x<p>3 seed(s)</ul>")) == 1


def test_one_page_tells_what_is_missing_and_those_on_code_tell_names(found):
    missing = "<li>Not recorded yet: run it.</li>"
    assert found(missing, leaks.GATHERED) == []
    assert len(found(missing + "<p>3 seed(s)</p>", leaks.GATHERED)) == 1
    names = "<table><tr><th>kappa_low</th></tr></table>"
    assert found(names, "from_python.html") == found(names, "genindex.html") == []
    assert len(found("<p>{doc}`a`</p>", "from_python.html")) == 1


def test_what_is_written_in_a_figure_is_searched_like_what_a_cell_puts_out():
    written = ["", "CoLA, 5 seeds", "v.+d.", r"$10^{-2}$", "[CLS] the ##s [SEP]", "SMP-L", "0.5"]
    assert leaks.of_figure(written) == []
    for leak in ("minilm", "5 seed(s)", "of.seed", "nan", "train_loss", "True", "random or by lot"):
        (sentence,) = leaks.of_figure([*written, leak, leak])
        assert leak in sentence
