"""Forms as people retype them: Word's own tables, made here and not by the application."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import docx

PLATFORM_TITLE = "全省中小企业公共服务示范平台运营情况表"
PLATFORM_HEAD = "单位名称：石家庄甲公司（盖章）                    单位：平方米"
PLATFORM = [
    ["一、基本情况"],
    ["平台名称", "甲平台", "法人代表", "张三", "手机", "13800001111"],
    ["单位性质", "☑企业 □事业单位 □社会团体 □民办非企业单位 □其他", "联系人", "李四", "手 机", "13900002222"],
    ["地址", "石家庄市长安区\n建设大街1号", "邮箱", "office@example.cn"],
    ["网址及备案号  www.example.cn  冀ICP备12345号（已建网站的填写）"],
    ["二、服务执行"],
    ["资产总额： 5,000 万元", "仪器、设备: 35台/套, 购买价格: 120.5万元, 占总资产: 2.41%"],
    ["服务场地面积：800平方米，其中自有：500平方米，租用：300平方米，租金：  万元"],
    ["专业化服务团队：从业人员 30 人，其中大专及以上学历的专业技术人员占 80 %，中级职称及以上人员占 40 %"],
    ["开展服务活动支出：60万元万元，占总资产：1.2%"],
    ["三、服务能力"],
    ["聚集服务机构：12家", "汇聚政府性资源：   项"],
    ["公共服务产品数量：9个（根据申报平台的功能要求对应的公共服务产品数量）"],
    ["四、服务成效"],
    ["年服务企业数量：260家", "较上一年度增长：-10家， 年度同比增长-3.7%，企业满意度：95％"],
    ["开展公益服务活动：20场", "占年度总量：50%，其中服务小微企业：200家，占总量：76.92%"],
    ["平台年度服务收入：300.00万元，同比增长：5%"],
    ["五、可持续发展"],
    [
        "平台发展规划和年度服务目标：（可后附）\n一是提升。\n二是扩大。",
        "持续创新服务内容、形式等做法总结（可后附）：见附件",
    ],
    ["六、服务协同"],
    ["能否按时填报服务数据：√是 □否", "能否按时报送年终总结：否"],
    ["七、市级中小企业主管部门审核意见："],
    ["同意推荐。\n2026 年 3 月 1 日（盖章）"],
]
BASE_TITLE = "全省小型微型企业创业创新示范基地运营情况表"
BASE_HEAD = "单位名称（盖章）：石家庄甲公司                单位：平方米、万元、家、人"
EIGHT = ["信息服务", "创业辅导", "创新支持", "人员培训", "市场营销", "投融资服务", "管理咨询", "专业服务"]
BASE = [
    ["一、基本情况"],
    ["单位名称", "石家庄甲公司", "基地名称", "甲基地"],
    ["是否变更过\n承建单位", "是√ 否", "原承建单位名称", "乙公司"],
    ["法人代表", "张三", "电话", "0311-86012345", "联系人", "李四", "电话", "13900002222"],
    ["网址", "", "邮箱", "office@example.cn"],
    ["地址", "石家庄市长安区1号"],
    ["二、需求响应"],
    ["与中小企业沟通交流的渠道(可后附，细化）\n微信群", "对中小企业实际服务需求的把握（可后附)\n走访"],
    ["服务收费的科学性、合理性（可后附，有费用标准或表格）\n按标准收费"],
    ["三、服务执行"],
    ["从业人员", "30人", "从事创业创新服务的专职人员数", "20"],
    ["创业辅导师", "5", "大专以上（含）及中级职称以上（含）人员达到占总人数的  60  %"],
    ["服务自我评估与驻企业评价（可后附）\n良好", "服务工作归档及经营总结（可后附）\n已归档"],
    ["四、服务成效（截止到2019年12月31日）"],
    ["项目", *EIGHT],
    ["服务活动次数", "1", "2", "3", "4", "5", "6", "7", "8"],
    ["服务企业数", "11", "12", "13", "14", "15", "16", "17", "18"],
    ["服务人数", "21", "22", "23", "24", "25", "26", "27", "28"],
    ["服务企业年度总数量 116 家", "比上一年度增长 6 家", "年度同比增长 5.45 %"],
    ["入驻企业数 50 家", "其中：小微企业数 40 家", "小微企业占入驻企业比例 80 %", "基地内从业人数 900 人"],
    [
        "建筑面积",
        "12000",
        "服务场所面积（自有/租用）自有800平方米，租用200平方米",
        "设备及软件 35（台/套）",
        "引入外部专业服务机构 9 家",
    ],
    ["资产总额", "5000万元", "营业收入", "800", "其中：服务性收入", "300", "服务性支出", "200"],
    ["利润总额", "-12.5", "公益性或低收费服务收入占总服务收入的比例 20 %", "取得政府补助资金 50 万元"],
    ["五、质量管控"],
    [
        "服务质量管控体系的建立（可后附）\n甲",
        "制度执行和质量管理（可后附）\n乙",
        "持续创新服务的内容、形式等（可后附）\n丙",
    ],
    ["六、工作协同情况"],
    [
        "河北省中小企业公共服务大数据平台（http://data.smehb.cn)",
        "能否按时填报服务数据",
        "能",
        "能否按时报送年终总结",
        "不能",
    ],
    ["七、市级主管部门审核意见：\n同意\n2026年3月1日(盖章）"],
]


def typed(
    rows: Sequence[Sequence[str]], *, title: str = PLATFORM_TITLE, head: str = PLATFORM_HEAD, below: str = ""
) -> bytes:
    """A document with a title, a line and a table in which the last cell of each row takes what is left of it."""
    document = docx.Document()
    for line in (title, head):
        if line:
            document.add_paragraph(line)
    width = max((len(row) for row in rows), default=0)
    table = document.add_table(rows=len(rows), cols=width) if rows else None
    for at, row in enumerate(rows):
        assert table is not None
        cells = list(table.rows[at].cells)
        for cell, text in zip(cells, row, strict=False):
            cell.text = text
        if len(row) < width:
            for spare in cells[len(row) :]:
                spare._tc.getparent().remove(spare._tc)
            cells[len(row) - 1]._tc.grid_span = width - len(row) + 1
    if below:
        document.add_paragraph(below)
    return saved(document)


def saved(document: docx.document.Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed(rows: Sequence[Sequence[str]], old: str, new: str) -> list[list[str]]:
    """The rows with one text replaced, which must be there."""
    assert any(old in cell for row in rows for cell in row), old
    return [[cell.replace(old, new) for cell in row] for row in rows]


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The same archive with a member put in, or in place of one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return out.getvalue()


def part(data: bytes, name: str = "word/document.xml") -> bytes:
    """One member of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def in_document(data: bytes, old: str, new: str) -> bytes:
    """The document with one piece of its XML replaced, which must be there."""
    xml = part(data).decode("utf-8")
    assert old in xml, old
    return with_part(data, "word/document.xml", xml.replace(old, new, 1).encode("utf-8"))
