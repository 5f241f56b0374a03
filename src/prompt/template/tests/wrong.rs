//! What is wrong with a template, where, and what to do.

use super::*;

fn wrong_with(template: &str, list: &[(&str, &str)]) -> String {
    compile_with(template, None, list).expect_err(template)
}

fn wrong(template: &str) -> String {
    wrong_with(template, &[])
}

#[test]
fn blocks_open_and_close_in_pairs() {
    insta::assert_snapshot!(wrong("a\n {{x"), @r"
    P101 11:6: `{{` is never closed: `}}` is missing
      close the tag, or write `\{{` for braces that are text
    ");
    insta::assert_snapshot!(wrong("a\n{{#if x\ntext {{y}}\n{{/if}}"), @r"
    P101 11:5: `{{` is never closed: `}}` is missing
      close the tag, or write `\{{` for braces that are text
    ");
    insta::assert_snapshot!(wrong("a\n{{#if x}}\n{{#each y}}"), @r"
    P101 11:5: `{{#if}}` is never closed
      end the block with `{{/if}}`
    P101 12:5: `{{#each}}` is never closed
      end the block with `{{/each}}`
    ");
    insta::assert_snapshot!(wrong("{{#if x}}\n{{/each}}"), @r"
    P101 11:5: `{{/each}}` closes `{{#if}}` of line 10
      `{{/if}}` is expected
    ");
    insta::assert_snapshot!(wrong("x{{/if}} {{else}}"), @r"
    P101 10:6: `{{/if}}` closes nothing
      remove it, or open the block before
    P101 10:14: `{{else}}` or `{{^}}` stands outside of a block
      it belongs between `{{#if x}}` and `{{/if}}`; for the opposite write `{{#unless x}}`
    ");
    insta::assert_snapshot!(wrong("{{#if x}}{{else}}{{else}}{{/if}}"), @r"
    P101 10:22: an `{{else}}` follows the last `{{else}}`
      an `{{else}}` of `{{#if}}` stands before it
    ");
    insta::assert_snapshot!(wrong("{{{{raw}}}} x"), @r"
    P101 10:5: `{{` is never closed: `{{{{/raw}}}}` is missing
      close the tag, or write `\{{` for braces that are text
    ");
}

#[test]
fn braces_that_are_text_are_told_from_tags() {
    insta::assert_snapshot!(wrong("{{}} <p style={{ padding: 4 }} class={{ display: 'flex', gap: 8 }}>"), @r"
    P101 10:5: the tag is empty
      write `\{{` for braces that are text
    P101 10:19: `{{padding: 4}}` is not a Handlebars expression
      write `\{{` for braces that are text
    P101 10:42: `{{display: 'flex', gap: 8}}` is not a Handlebars expression
      write `\{{` for braces that are text
    ");
    insta::assert_snapshot!(wrong("ok {{x}} {{ don't }}"), @r"
    P101 10:14: `{{don't}}` is not a Handlebars expression
      a tag holds a name such as `user.name` or a helper such as `upper name`; write `\{{` for braces that are text
    ");
    // Code that happens to be a path is a variable.
    for fine in [
        "{{ form.as_p }}",
        "${{ matrix.node-version }}",
        "{% csrf_token %} {% url 'login' %}",
        "{#id} {# x",
    ] {
        assert!(
            compile(fine).is_ok_and(|compiled| compiled.warnings().is_empty()),
            "{fine}"
        );
    }
}

#[test]
fn jinja_is_translated() {
    insta::assert_snapshot!(wrong("{{ x | upper }} {{ xs|join('; ') }} {{ n | frobnicate }}"), @"
    P101 10:5: `| upper` is a Jinja filter
      Handlebars writes `{{upper x}}`
    P101 10:21: `| join` is a Jinja filter
      Handlebars writes `{{join xs '; '}}`
    P101 10:41: `| frobnicate` is a Jinja filter
      Handlebars has no filters; `promptctl help templates` lists the helpers
    ");
    insta::assert_snapshot!(wrong("{{ a if b else c }}"), @"
    P101 10:5: `x if y else z` is Jinja
      Handlebars writes `{{#if b}}{{a}}{{else}}c{{/if}}`
    ");
    let compiled = compile("a\n{%- for x in xs -%}{{x}}{% endfor %}").expect("compiles");
    insta::assert_snapshot!(shown(&compiled.warnings()[0]), @r"
    P109 11:5: `{% for %}` is Jinja and goes to the model as it stands
      Handlebars writes `{{#each xs}}`
    ");
    assert_eq!(
        compile("{# a note #}").expect("compiles").warnings().len(),
        1
    );
}

#[test]
fn unknown_helpers_and_blocks_are_named() {
    insta::assert_snapshot!(wrong("{{uper x}} {{#if (client name)}}{{/if}} {{if x}}"), @r"
    P110 10:5: there is no helper `uper`
      the helper `upper` has nearly this name; that of a variable has no spaces
    P110 10:16: there is no helper `client`
      the name of a variable has no spaces; `promptctl help templates` lists the helpers; write `\{{` for braces that are text
    P110 10:45: there is no helper `if`
      `if` is a block: write `{{#if x}} … {{/if}}`
    ");
    insta::assert_snapshot!(wrong("{{#obj}}{{x}}{{/obj}} {{#eq a b}}{{/eq}} {{* deco}}"), @r"
    P110 10:5: there is no block `{{#obj}}`
      use `{{#with obj}}` for a map, `{{#each obj}}` for a list or `{{#if obj}}` for a condition
    P110 10:27: there is no block `{{#eq}}`
      `eq` is not a block: write `{{#if (eq …)}} … {{/if}}`
    P110 10:46: decorators are not supported
      remove the tag
    ");
    insta::assert_snapshot!(wrong("{{role \"system\"}}"), @r"
    P110 10:5: there is no helper `role`
      give each role an entry of its own under `messages:`
    ");
    insta::assert_snapshot!(wrong("{{#if a}}\n{{else iff b}}\n{{/if}}"), @r"
    P110 11:5: there is no block `{{#iff}}`
      use `{{#with iff}}` for a map, `{{#each iff}}` for a list or `{{#if iff}}` for a condition
    ");
    insta::assert_snapshot!(wrong("{{upper a b}}{{round x digit=2}}{{#if a b}}{{/if}}{{#each x y=1}}{{/each}}"), @r#"
    P112 10:5: `upper` takes one value, and 2 were given
      `upper`: text in capitals
    P112 10:18: `round` has no option `digit`
      `digits` is meant
    P112 10:37: `{{#if}}` takes one value, and 2 were given
      write `{{#if x}}`, or `{{#if (eq x "y")}}` for a condition
    P112 10:55: `{{#each}}` has no option `y`
      the only option of a block is `includeZero=true`
    "#);
}

#[test]
fn partials_exist_and_end() {
    insta::assert_snapshot!(wrong_with("{{> tonne}} {{> gone/x}}", &[("tone", "")]), @r"
    P106 10:5: there is no partial `tonne`
      make the file `_tonne.hbs` below a root
    P106 10:17: there is no partial `gone/x`
      make the file `gone/_x.hbs` below a root
    ");
    insta::assert_snapshot!(wrong_with("{{> a}}", &[("a", "x {{> b}}"), ("b", "\n{{> a}}")]), @r"
    P107 prompts/_b.hbs:2:1: partials include each other: a → b → a
      remove one of the inclusions
    ");
    insta::assert_snapshot!(wrong("{{#*inline \"i\"}}{{> i}}{{/inline}}{{> i}}"), @r"
    P107 10:21: partials include each other: i → i
      remove one of the inclusions
    ");
    insta::assert_snapshot!(wrong("{{> (lookup this \"x\")}}{{#*inline x}}{{/inline}}"), @r"
    P111 10:5: the name of a partial is computed
      write the name in the tag, as in `{{> tone}}`; choose between partials with `{{#if}}`
    P111 10:28: the name of a partial is computed
      write the name in the tag, as in `{{> tone}}`; choose between partials with `{{#if}}`
    ");
    insta::assert_snapshot!(wrong_with("{{> a}}{{> a}}{{> @partial-block}}", &[("a", "ok\n  {{#if}}")]), @r"
    P106 10:19: `{{> @partial-block}}` stands where no block was given
      include the partial as `{{#> name}} … {{/name}}`
    P101 prompts/_a.hbs:2:3: `{{#if}}` is never closed
      end the block with `{{/if}}`
    ");
}

#[test]
fn a_loop_wants_something_to_loop_over() {
    insta::assert_snapshot!(error("{{#each x}}{{/each}}", json!({"x": "abc"})), @r#"
    P112 10:5: `{{#each}}` wants a list or a map, and the text "abc" was given
      use `{{#if}}` for a condition
    "#);
    insta::assert_snapshot!(error("{{#each x}}{{/each}}", json!({"x": "[1, 2]"})), @r#"
    P112 10:5: `{{#each}}` wants a list or a map, and the text "[1, 2]" was given
      pass `--var x:=…` with the value as JSON
    "#);
}
