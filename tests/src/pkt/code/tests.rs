use super::*;

/// With the fields `a` = 10 and `b` = 3.
fn run(text: &str) -> Result<Vec<String>, CodeError> {
    Code::parse(text).run(&mut |name| match name {
        "a" => Some(10),
        "b" => Some(3),
        _ => None,
    })
}

fn value(expression: &str) -> String {
    match run(&format!("print({expression})")) {
        Ok(printed) => printed.join("\n"),
        Err(error) => panic!("{expression}: {error:?}"),
    }
}

fn failure(text: &str) -> String {
    match run(text) {
        Err(CodeError::Failed(message)) => message,
        other => panic!("{text}: {other:?}"),
    }
}

fn unsupported(text: &str) -> String {
    match run(text) {
        Err(CodeError::Unsupported(what)) => what,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn operators_bind_as_in_python() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-a - -1", "-9"),
        ("7 // 2 * 2", "6"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 / 2", "3.5"),
        ("6 & 3 | 8", "10"),
        ("6 ^ 3", "5"),
        ("1 << 3 + 1", "16"),
        ("~0 & 0xff", "255"),
        ("a >> 1", "5"),
        ("1 | 2 == 3", "1"),
        ("not a == 10", "0"),
        ("not not 5", "1"),
        ("0 or 5 and 7", "7"),
        ("0 and x", "0"),
        ("1 or x", "1"),
        ("1 < b <= 3 < a", "1"),
        ("1 < b > 5", "0"),
        ("b in (1, 3)", "1"),
        ("b not in [1, 3]", "0"),
        ("b is not None", "1"),
        ("abs(b - a)", "7"),
        ("min(a, b, 5)", "3"),
        ("max((a, b))", "10"),
        ("int(2.9)", "2"),
        ("0.5 * a == 5", "1"),
        ("1 if a == 10 else x", "1"),
        ("True", "1"),
        ("1_000", "1000"),
        ("'%d of %s: %x%%' % (a, 'it', 255)", "10 of it: ff%"),
        ("'a' \"b\" + str(b)", "ab3"),
        ("'x', a, hex(255)", "x 10 0xff"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn statements_are_separated_by_lines_and_semicolons() {
    let text = "\n  assert a == 10; assert b == 3\n# nothing == 0\n\tassert a == \\\n   10 # why\n\
                assert (a ==\n 10)\nprint(1); print 2 ; print();pass\n\\\n";
    assert_eq!(run(text), Ok(vec!["1".into(), "2".into(), String::new()]));
    assert_eq!(run(""), Ok(Vec::new()));
    assert_eq!(run(" ;; \n ; "), Ok(Vec::new()));
}

#[test]
fn a_failed_assertion_shows_its_values_and_message() {
    assert_eq!(failure("assert a == 9"), "assert a == 9 where a is 10");
    assert_eq!(
        failure("assert a < b < 5, 'it was %d' % a"),
        "assert a < b < 5 where a is 10, b is 3: it was 10"
    );
    assert_eq!(
        failure("assert a == 1, a"),
        "assert a == 1 where a is 10: 10"
    );
    assert_eq!(failure("assert 0"), "assert 0");
    assert_eq!(failure("assert 1 // 0"), "division by zero");
}

#[test]
fn what_is_only_shown_need_not_be_understood() {
    assert_eq!(
        failure("assert a == 1, f'{a}; (' ; assert b == 0"),
        "assert a == 1 where a is 10: f'{a}; ('"
    );
    assert_eq!(
        failure("assert a == 1, 'no %s' % tcpi_x"),
        "assert a == 1 where a is 10: (tcpi_x?)"
    );
    let printed = run("print('{}'.format(\n a), b)\nprint tcpi_x, a\nassert b == 3");
    let expected = vec!["('{}'.format(\n a), b)".into(), "(tcpi_x?) 10".into()];
    assert_eq!(printed, Ok(expected));
}

#[test]
fn a_variable_keeps_its_value() {
    assert_eq!(
        run("c = a * 2\nassert c == 20\nc = c + 1\nassert c == 21"),
        Ok(Vec::new())
    );
    assert_eq!(
        failure("c = 1; assert c == 2"),
        "assert c == 2 where c is 1"
    );
}

#[test]
fn an_unknown_name_is_named() {
    let unknown = CodeError::Unknown("tcpi_x".into());
    assert_eq!(run("assert tcpi_x == 0"), Err(unknown));
}

#[test]
fn what_is_beyond_the_language_is_named_and_nothing_runs() {
    let what = unsupported("assert a == 1\nif a == 1:\n  print(a)\n");
    assert_eq!(what, "`if a == 1:`: `if` is beyond the assertions");
    for text in [
        "import os",
        "for x in (1, 2): print(x)",
        "assert a ==",
        "assert a b",
        "assert (a",
        "x += 1",
        "a ** 2",
        "a.b",
        "a[0]",
        "f'{a}'",
        "x = 'a",
        "assert os.path",
        "len(a)",
        "'a' < 1",
        "9223372036854775807 + 1",
        "1 << 63",
        "lambda: 1",
        "0x",
        "1.2.3",
        "$",
    ] {
        unsupported(text);
    }
}

#[test]
fn depth_is_bounded() {
    for open in ["(", "[", "-", "not ", "abs(", "1 if 1 else "] {
        let text = format!("assert {}1", open.repeat(100_000));
        // An even number of `not` is no depth.
        if open != "not " {
            unsupported(&text);
        } else {
            assert_eq!(run(&text), Ok(Vec::new()));
        }
    }
    let chain = format!("assert {}1", "1 + ".repeat(200_000));
    unsupported(&chain);
}
