# pytest with its cache and tmp_path
# needs: python3
python3 -c 'import pytest' 2>/dev/null || { echo "no pytest for the python3 in /usr"; exit 77; }
printf 'def test_a(tmp_path, monkeypatch, capsys):\n    (tmp_path / "x").write_text("y")\n    print("p")\n    assert capsys.readouterr().out == "p\\n"\n' >test_a.py
python3 -m pytest -q | grep -q '1 passed'; test -d .pytest_cache
